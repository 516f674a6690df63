"""The speed of reading, learned."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.engine.fitting import FitStore
from qwlsp.engine.pace import FEW, UNKNOWN, Pace, Speed

LAPTOP = Speed(0.005, 0.005 / 3300)
"""What two cores do with Qwen2.5-0.5B."""


def read(pace: Pace, speed: Speed, start: int, end: int, *, noise: float = 0.0) -> None:
    """Read with that speed, each step by so large a share slower or faster."""
    chance = random.Random(start)
    for depth in range(start, end, 256):
        tokens = min(256, end - depth)
        seconds = speed.duration(depth, depth + tokens) * chance.uniform(1 - noise, 1 + noise)
        pace.observe(tokens, depth=depth, seconds=seconds)


def test_what_was_observed_is_expected_again() -> None:
    pace = Pace()
    pace.observe(500, depth=0, seconds=2.5)
    assert pace.speed.duration(0, 500) == pytest.approx(2.5)
    assert pace.speed.within(2.5) == pytest.approx(500, abs=1)


def test_the_first_observation_counts_in_full_and_keeps_the_proportion() -> None:
    pace = Pace()
    pace.observe(256, depth=9000, seconds=LAPTOP.duration(9000, 9256))
    assert pace.speed.duration(9000, 9256) == pytest.approx(LAPTOP.duration(9000, 9256))
    assert pace.speed.growth / pace.speed.seconds == pytest.approx(UNKNOWN.growth / UNKNOWN.seconds)


def test_what_was_known_before_counts_too() -> None:
    pace = Pace(Speed(0.01, 0))
    pace.observe(256, depth=0, seconds=2.56 / 2)
    assert 0.005 < pace.speed.seconds < 0.01


@pytest.mark.parametrize("steepness", [0, 0.2, 1, 10])
def test_the_time_left_is_true_after_a_tenth(steepness: float) -> None:
    """Whether deep tokens cost here as much as the first ones, or ten times what was expected."""
    speed = LAPTOP._replace(growth=LAPTOP.growth * steepness)
    pace = Pace()
    read(pace, speed, 0, 2800, noise=0.05)
    left = speed.duration(2800, 28_000)
    assert pace.speed.duration(2800, 28_000) == pytest.approx(left, rel=0.2)
    read(pace, speed, 2800, 14_000, noise=0.05)
    left = speed.duration(14_000, 28_000)
    assert pace.speed.duration(14_000, 28_000) == pytest.approx(left, rel=0.05)


def test_a_machine_that_became_slower() -> None:
    pace = Pace(LAPTOP)
    slower = Speed(LAPTOP.seconds * 3, LAPTOP.growth * 3)
    read(pace, slower, 0, 9000)
    assert pace.speed.duration(0, 5000) == pytest.approx(slower.duration(0, 5000), rel=0.1)


def test_a_few_tokens_say_nothing() -> None:
    pace = Pace(LAPTOP)
    pace.observe(FEW - 1, depth=0, seconds=9)
    assert pace.speed == LAPTOP


def test_nothing_left_takes_no_time() -> None:
    assert LAPTOP.duration(10, 10) == LAPTOP.duration(10, 5) == 0


@settings(derandomize=True, deadline=None)
@given(st.floats(1e-6, 1), st.floats(0, 1e-3), st.floats(0, 100))
def test_as_much_as_fits_into_the_time_and_no_more(
    per_token: float, growth: float, seconds: float
) -> None:
    speed = Speed(per_token, growth)
    count = speed.within(seconds)
    assert speed.duration(0, count) <= seconds * 1.001
    assert speed.duration(0, count + 1) >= seconds * 0.999


steps = st.tuples(st.integers(1, 2048), st.integers(0, 32_000), st.floats(1e-6, 1e3))


@settings(derandomize=True, deadline=None)
@given(st.lists(steps, max_size=30))
def test_whatever_is_observed_reading_never_takes_less_than_no_time(
    observed: list[tuple[int, int, float]],
) -> None:
    pace = Pace()
    for tokens, depth, seconds in observed:
        pace.observe(tokens, depth=depth, seconds=seconds)
        assert pace.speed.seconds > 0
        assert pace.speed.growth >= 0


def test_kept_for_the_next_time(tmp_path: Path) -> None:
    store = FitStore(tmp_path / "fits.json", "model")
    assert store.load_speed() is None
    store.save_speed(LAPTOP)
    assert store.load_speed() == LAPTOP
    store.save_speed(Speed(LAPTOP.seconds * 1.01, LAPTOP.growth))
    assert store.load_speed() == LAPTOP, "no news"
    steeper = LAPTOP._replace(growth=LAPTOP.growth * 2)
    store.save_speed(steeper)
    assert store.load_speed() == steeper


@pytest.mark.parametrize("kept", ['"fast"', "[1]", "[NaN, 0]", "[0.0, 0.0]", "[-1.0, 0.0]", "null"])
def test_a_spoilt_file_of_speeds_counts_as_none(tmp_path: Path, kept: str) -> None:
    store = FitStore(tmp_path / "fits.json", "model")
    store.save_speed(LAPTOP)
    spoilt = store._path.read_text().split("speed")[0] + f'speed": {kept}' + "}"
    store._path.write_text(spoilt)
    assert store.load_speed() is None
