# kind: blocking_in_async
import time

FINISHED = frozenset({"done", "failed"})


async def poll_job(client, job_id, interval=0.5, polls=60):
    """Ask for a job's state until it has ended, and return that state.

    Raises TimeoutError after `polls` questions; other tasks run meanwhile.
    """
    for _ in range(polls):
        state = await client.job_state(job_id)
        if state in FINISHED:
            return state
        time.sleep(interval)
    raise TimeoutError(f"job {job_id} is still running")
