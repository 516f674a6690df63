# kind: jump_in_finally
import time


def run_migration(steps, journal):
    """Run (name, function) steps in order and return how many ran.

    Each step is noted in `journal` with its seconds, also one that fails; the error
    of a failing step reaches the caller.
    """
    done = 0
    for name, step in steps:
        started = time.perf_counter()
        try:
            step()
            done += 1
        finally:
            seconds = time.perf_counter() - started
            journal.append((name, round(seconds, 3)))
    return done
