"""Jobs and their cancellation, with real threads and no sleeping."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from qwlsp.engine.messages import Generate
from qwlsp.engine.scheduler import Scheduler

HANGS = 30
"""Seconds after which a test that waits for a thread has failed."""


@pytest.fixture
def abort() -> threading.Event:
    return threading.Event()


@pytest.fixture
def scheduler(abort: threading.Event) -> Scheduler:
    return Scheduler(abort)


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def request(number: int) -> Generate:
    return Generate(id=number, messages=[])


def submit(scheduler: Scheduler, *numbers: int) -> None:
    for number in numbers:
        scheduler.submit(request(number))


def test_first_come_first_served(scheduler: Scheduler) -> None:
    submit(scheduler, 3, 1, 2)
    assert [scheduler.take().request.id for _ in range(3)] == [3, 1, 2]


def test_take_waits_for_a_request(scheduler: Scheduler, thread: ThreadPoolExecutor) -> None:
    taken = thread.submit(scheduler.take)
    submit(scheduler, 1)
    assert taken.result(HANGS).request.id == 1


def test_a_running_job_goes_on_by_itself(scheduler: Scheduler, abort: threading.Event) -> None:
    submit(scheduler, 1)
    scheduler.take()
    assert not scheduler.must_stop()
    assert not abort.is_set()


def test_a_waiting_job_is_cancelled(scheduler: Scheduler, abort: threading.Event) -> None:
    submit(scheduler, 1, 2)
    scheduler.take()
    scheduler.cancel(2)
    assert not scheduler.must_stop()
    assert not abort.is_set()
    assert scheduler.take().cancelled
    assert scheduler.must_stop()


def test_a_running_job_is_cancelled(scheduler: Scheduler, abort: threading.Event) -> None:
    submit(scheduler, 1, 2)
    scheduler.take()
    scheduler.cancel(1)
    assert abort.is_set()
    assert scheduler.must_stop()
    assert abort.is_set(), "a cancelled job's decodes must not run again"
    assert not scheduler.take().cancelled
    assert not scheduler.must_stop()


def test_an_ended_job_is_none_of_our_business(scheduler: Scheduler, abort: threading.Event) -> None:
    submit(scheduler, 1, 2)
    scheduler.take()
    scheduler.take()
    scheduler.cancel(1)
    assert not abort.is_set()
    assert not scheduler.must_stop()


def test_an_unknown_job_is_none_of_our_business(
    scheduler: Scheduler, abort: threading.Event
) -> None:
    scheduler.cancel(1)
    submit(scheduler, 2)
    scheduler.take()
    scheduler.cancel(1)
    assert not abort.is_set()
    assert not scheduler.must_stop()


def test_a_cancel_between_two_jobs_does_not_hit_the_next_one(
    scheduler: Scheduler, abort: threading.Event
) -> None:
    submit(scheduler, 1, 2)
    scheduler.take()
    scheduler.cancel(1)  # its last decode has ended, but the next job is not taken yet
    assert abort.is_set()
    scheduler.take()
    assert not abort.is_set()
    assert not scheduler.must_stop()


def test_a_job_that_is_not_cancelled_clears_a_flag_set_too_late(
    scheduler: Scheduler, abort: threading.Event
) -> None:
    submit(scheduler, 1)
    scheduler.take()
    abort.set()
    assert not scheduler.must_stop()
    assert not abort.is_set()


def test_a_cancelled_job_is_cancelled_once(scheduler: Scheduler) -> None:
    submit(scheduler, 1)
    scheduler.take()
    scheduler.cancel(1)
    scheduler.cancel(1)
    submit(scheduler, 2)
    assert not scheduler.take().cancelled


def test_a_cancel_stops_a_decode_in_another_thread(
    scheduler: Scheduler, abort: threading.Event, thread: ThreadPoolExecutor
) -> None:
    def decode() -> bool:
        scheduler.take()
        abort.wait(HANGS)  # what llama.cpp does, between two of its steps
        return scheduler.must_stop()

    submit(scheduler, 1)
    stopped = thread.submit(decode)
    submit(scheduler, 2)
    while not abort.is_set():  # until the thread has taken the job, there is nothing to abort
        scheduler.cancel(1)
        if stopped.done():
            break
    assert stopped.result(HANGS)


class Engine:
    """Takes jobs until one is numbered 0, and looks at each as a decode would."""

    def __init__(self, scheduler: Scheduler, abort: threading.Event) -> None:
        self.taken: list[int] = []
        self.stopped: set[int] = set()
        self.aborted: set[int] = set()
        self._scheduler = scheduler
        self._abort = abort

    def run(self) -> None:
        while number := self._scheduler.take().request.id:
            self.taken.append(number)
            for _ in range(20):
                if self._scheduler.must_stop():
                    self.stopped.add(number)
                elif self._abort.is_set():  # cancelled after all, or another job's flag
                    self.aborted.add(number)


def at_once(*tasks: Callable[[], None]) -> None:
    """Run all tasks in threads that start together."""
    barrier = threading.Barrier(len(tasks))

    def begin(task: Callable[[], None]) -> None:
        barrier.wait(HANGS)
        task()

    with ThreadPoolExecutor(len(tasks)) as executor:
        for future in [executor.submit(begin, task) for task in tasks]:
            future.result(HANGS)


def test_many_threads_lose_no_job_and_hit_no_other(
    scheduler: Scheduler, abort: threading.Event
) -> None:
    engine = Engine(scheduler, abort)
    kept, dropped = range(1, 200), range(1001, 1200)

    def submit_both() -> None:
        for pair in zip(kept, dropped, strict=True):
            submit(scheduler, *pair)
        submit(scheduler, 0)

    def cancel() -> None:
        for number in dropped:
            scheduler.cancel(number)

    at_once(engine.run, submit_both, cancel, cancel)
    assert engine.taken == [n for pair in zip(kept, dropped, strict=True) for n in pair]
    assert not (engine.stopped | engine.aborted) & set(kept)
