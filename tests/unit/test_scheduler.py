"""Jobs and their cancellation, with real threads and no sleeping."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from qwlsp.engine.messages import Generate, ReadAhead, Reply
from qwlsp.engine.scheduler import Job, Scheduler, Stopped

HANGS = 30
"""Seconds after which a test that waits for a thread has failed."""


class Window:
    """A client that remembers nothing."""

    def send(self, reply: Reply) -> None:
        """Nobody looks at it."""


CLIENT, OTHER = Window(), Window()


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


def submit(scheduler: Scheduler, *numbers: int) -> None:
    """Queue people's requests, and with a negative number something to read ahead."""
    for number in numbers:
        if number < 0:
            scheduler.submit(CLIENT, ReadAhead(id=number, chats=[]))
        else:
            scheduler.submit(CLIENT, Generate(id=number, messages=[]))


def take(scheduler: Scheduler) -> Job:
    job = scheduler.take(HANGS)
    assert job is not None
    return job


def must_stop(scheduler: Scheduler) -> bool:
    try:
        scheduler.check()
    except Stopped:
        return True
    return False


# First come, first served


def test_first_come_first_served(scheduler: Scheduler) -> None:
    submit(scheduler, 3, 1, 2)
    assert [take(scheduler).request.id for _ in range(3)] == [3, 1, 2]


def test_take_waits_for_a_request(scheduler: Scheduler, thread: ThreadPoolExecutor) -> None:
    taken = thread.submit(scheduler.take)
    submit(scheduler, 1)
    job = taken.result(HANGS)
    assert job is not None
    assert job.request.id == 1


def test_take_waits_no_longer_than_it_shall(scheduler: Scheduler) -> None:
    assert scheduler.take(timeout=0) is None
    submit(scheduler, 1)
    assert take(scheduler).request.id == 1
    assert scheduler.take(timeout=0) is None


# Cancelling


def test_a_running_job_goes_on_by_itself(scheduler: Scheduler, abort: threading.Event) -> None:
    submit(scheduler, 1, 2)
    take(scheduler)
    assert not must_stop(scheduler)
    assert not abort.is_set()


def test_a_waiting_job_is_cancelled(scheduler: Scheduler, abort: threading.Event) -> None:
    submit(scheduler, 1, 2)
    take(scheduler)
    assert [job.request.id for job in scheduler.cancel(CLIENT, 2)] == [2]
    assert not must_stop(scheduler)
    assert not abort.is_set()
    assert scheduler.take(timeout=0) is None


def test_a_running_job_is_cancelled(scheduler: Scheduler, abort: threading.Event) -> None:
    submit(scheduler, 1, 2)
    take(scheduler)
    assert scheduler.cancel(CLIENT, 1) == []
    assert abort.is_set()
    assert must_stop(scheduler)
    assert abort.is_set(), "a cancelled job's decodes must not run again"
    assert not take(scheduler).cancelled
    assert not must_stop(scheduler)


def test_an_ended_job_is_none_of_our_business(scheduler: Scheduler, abort: threading.Event) -> None:
    submit(scheduler, 1, 2)
    take(scheduler)
    take(scheduler)
    scheduler.cancel(CLIENT, 1)
    assert not abort.is_set()
    assert not must_stop(scheduler)


def test_an_unknown_job_is_none_of_our_business(
    scheduler: Scheduler, abort: threading.Event
) -> None:
    scheduler.cancel(CLIENT, 1)
    submit(scheduler, 2)
    take(scheduler)
    scheduler.cancel(CLIENT, 1)
    assert not abort.is_set()
    assert not must_stop(scheduler)


def test_a_cancel_between_two_jobs_does_not_hit_the_next_one(
    scheduler: Scheduler, abort: threading.Event
) -> None:
    submit(scheduler, 1, 2)
    take(scheduler)
    scheduler.cancel(CLIENT, 1)  # its last decode has ended, but the next job is not taken yet
    assert abort.is_set()
    take(scheduler)
    assert not abort.is_set()
    assert not must_stop(scheduler)


def test_a_job_that_is_not_cancelled_clears_a_flag_set_too_late(
    scheduler: Scheduler, abort: threading.Event
) -> None:
    submit(scheduler, 1)
    take(scheduler)
    abort.set()
    assert not must_stop(scheduler)
    assert not abort.is_set()


def test_nothing_stops_while_nothing_runs(scheduler: Scheduler, abort: threading.Event) -> None:
    submit(scheduler, 1)
    scheduler.cancel(CLIENT, 1)
    assert not abort.is_set()
    assert not must_stop(scheduler)


# Reading ahead


def test_people_come_before_reading_ahead(scheduler: Scheduler) -> None:
    submit(scheduler, -1, 1, 2)
    assert [take(scheduler).request.id for _ in range(3)] == [1, 2, -1]


def test_a_person_stops_reading_ahead(scheduler: Scheduler, abort: threading.Event) -> None:
    submit(scheduler, -1)
    take(scheduler)
    assert not must_stop(scheduler)
    submit(scheduler, 1)
    assert abort.is_set()
    assert must_stop(scheduler)


def test_reading_ahead_goes_on_where_it_was_stopped(
    scheduler: Scheduler, abort: threading.Event
) -> None:
    submit(scheduler, -1)
    job = take(scheduler)
    submit(scheduler, 1)
    assert scheduler.give_back(job)
    assert take(scheduler).request.id == 1
    assert not must_stop(scheduler)
    assert not abort.is_set()
    assert take(scheduler) is job
    assert not must_stop(scheduler)


def test_a_person_stops_no_other_person(scheduler: Scheduler, abort: threading.Event) -> None:
    submit(scheduler, 1)
    take(scheduler)
    submit(scheduler, 2, -1)
    assert not abort.is_set()
    assert not must_stop(scheduler)


def test_another_plan_replaces_the_one_that_runs(
    scheduler: Scheduler, abort: threading.Event
) -> None:
    submit(scheduler, -1)
    job = take(scheduler)
    submit(scheduler, -2)
    assert abort.is_set()
    assert must_stop(scheduler)
    assert not scheduler.give_back(job)
    assert take(scheduler).request.id == -2
    assert not must_stop(scheduler)


def test_another_plan_replaces_the_one_that_waits(scheduler: Scheduler) -> None:
    submit(scheduler, -1)
    dropped = scheduler.submit(CLIENT, ReadAhead(id=-2, chats=[]))
    assert [job.request.id for job in dropped] == [-1]
    submit(scheduler, 1)
    assert [take(scheduler).request.id for _ in range(2)] == [1, -2]


def test_another_plan_leaves_people_alone(scheduler: Scheduler) -> None:
    submit(scheduler, 1, 2)
    running = take(scheduler)
    submit(scheduler, -1)
    assert not running.cancelled
    assert not take(scheduler).cancelled


def test_a_plan_cancelled_while_a_person_waits_is_not_resumed(scheduler: Scheduler) -> None:
    submit(scheduler, -1)
    job = take(scheduler)
    submit(scheduler, 1)
    scheduler.cancel(CLIENT, -1)
    assert not scheduler.give_back(job)
    assert take(scheduler).request.id == 1
    assert scheduler.take(timeout=0) is None


# Several clients


def test_the_same_id_of_another_client_is_another_job(scheduler: Scheduler) -> None:
    submit(scheduler, 1)
    running = take(scheduler)
    scheduler.submit(OTHER, Generate(id=1, messages=[]))
    assert scheduler.cancel(OTHER, 1)[0].client is OTHER
    assert not running.cancelled


def test_each_client_has_a_plan_of_its_own(scheduler: Scheduler) -> None:
    submit(scheduler, -1)
    assert scheduler.submit(OTHER, ReadAhead(id=-1, chats=[])) == []
    assert [take(scheduler).client for _ in range(2)] == [CLIENT, OTHER]


def test_a_client_that_leaves_wants_nothing_any_more(
    scheduler: Scheduler, abort: threading.Event
) -> None:
    submit(scheduler, 1, 2, -1)
    scheduler.submit(OTHER, Generate(id=2, messages=[]))
    job = take(scheduler)
    scheduler.leave(CLIENT)
    assert abort.is_set()
    assert not scheduler.give_back(job)
    assert take(scheduler).client is OTHER
    assert scheduler.take(timeout=0) is None


# Races


def at_once(*tasks: Callable[[], None]) -> None:
    """Run all tasks in threads that start together."""
    barrier = threading.Barrier(len(tasks))

    def begin(task: Callable[[], None]) -> None:
        barrier.wait(HANGS)
        task()

    with ThreadPoolExecutor(len(tasks)) as executor:
        for future in [executor.submit(begin, task) for task in tasks]:
            future.result(HANGS)


class Engine:
    """Does jobs until one is numbered 0, and looks at each as often as a decode would."""

    def __init__(self, scheduler: Scheduler, abort: threading.Event) -> None:
        self.done: list[int] = []
        self.stopped: list[int] = []
        self.hit_by_another: list[int] = []
        self._scheduler = scheduler
        self._abort = abort

    def run(self) -> None:
        while (job := take(self._scheduler)).request.id:
            number = job.request.id
            for _ in range(20):
                if must_stop(self._scheduler):
                    if not self._scheduler.give_back(job):
                        self.stopped.append(number)
                    break
                if self._abort.is_set() and number > 0 and not job.cancelled:
                    self.hit_by_another.append(number)
            else:
                self.done.append(number)


def test_many_threads_lose_no_job_and_hit_no_other(
    scheduler: Scheduler, abort: threading.Event
) -> None:
    engine = Engine(scheduler, abort)
    kept, dropped, plans = range(1, 200), range(1001, 1200), range(-1, -200, -1)

    unbegun: list[int] = []

    def submit_all() -> None:
        for trio in zip(kept, plans, dropped, strict=True):
            submit(scheduler, *trio)

    def cancel() -> None:
        for number in dropped:
            unbegun.extend(job.request.id for job in scheduler.cancel(CLIENT, number))

    def stop_at_the_end() -> None:
        at_once(submit_all, cancel, cancel)
        submit(scheduler, 0)

    at_once(engine.run, stop_at_the_end)
    finished = engine.done + engine.stopped + unbegun
    assert not engine.hit_by_another
    assert [number for number in engine.done if number in kept] == list(kept)
    assert sorted(number for number in finished if number > 0) == sorted([*kept, *dropped])
    assert len(finished) == len(set(finished))


def test_a_cancel_stops_a_decode_in_another_thread(
    scheduler: Scheduler, abort: threading.Event, thread: ThreadPoolExecutor
) -> None:
    taken = threading.Event()

    def decode() -> bool:
        take(scheduler)
        taken.set()
        return abort.wait(HANGS) and must_stop(scheduler)  # as llama.cpp looks, between two steps

    submit(scheduler, 1)
    stopped = thread.submit(decode)
    taken.wait(HANGS)
    scheduler.cancel(CLIENT, 1)
    assert stopped.result(HANGS)
