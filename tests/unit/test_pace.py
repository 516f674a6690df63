"""The speed of reading, learned."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.engine.pace import DOUBLING_DEPTH, FEW, Pace


def test_what_was_observed_is_expected_again() -> None:
    pace = Pace()
    pace.observe(500, depth=0, seconds=2.5)
    assert pace.duration(0, 500) == pytest.approx(2.5)
    assert pace.within(2.5) == pytest.approx(500, abs=1)


def test_the_first_observation_counts_in_full() -> None:
    pace = Pace()
    pace.observe(200, depth=0, seconds=20)
    slow = pace.seconds
    pace.observe(200, depth=0, seconds=1)
    assert slow / 2 < pace.seconds < slow


def test_a_token_costs_twice_as_much_at_the_doubling_depth() -> None:
    pace = Pace(0.01)
    one = pace.duration(DOUBLING_DEPTH, DOUBLING_DEPTH + 1)
    assert one == pytest.approx(0.02, rel=0.001)


def test_depth_is_no_slowness() -> None:
    shallow, deep = Pace(), Pace()
    shallow.observe(256, depth=0, seconds=Pace(0.01).duration(0, 256))
    deep.observe(256, depth=9000, seconds=Pace(0.01).duration(9000, 9256))
    assert shallow.seconds == pytest.approx(deep.seconds)


def test_a_few_tokens_say_nothing() -> None:
    pace = Pace(0.01)
    pace.observe(FEW - 1, depth=0, seconds=9)
    assert pace.seconds == 0.01


def test_nothing_left_takes_no_time() -> None:
    assert Pace().duration(10, 10) == Pace().duration(10, 5) == 0


@settings(derandomize=True, deadline=None)
@given(st.floats(1e-6, 1), st.floats(0, 100))
def test_as_much_as_fits_into_the_time_and_no_more(per_token: float, seconds: float) -> None:
    pace = Pace(per_token)
    count = pace.within(seconds)
    assert pace.duration(0, count) <= seconds * 1.001
    assert pace.duration(0, count + 1) >= seconds * 0.999
