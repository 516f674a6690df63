import time


class Job:
    """Something to do; the runner calls run of whatever it gets."""

    def run(self):
        raise NotImplementedError


class Nap(Job):
    def run(self):
        """Sleep for a while."""
        time.sleep(20)
        return "rested"


def runner(jobs):
    return [job.run() for job in jobs]
