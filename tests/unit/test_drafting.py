"""Drafts: where they are copied from, how long they are, and that they learn."""

from __future__ import annotations

from itertools import takewhile
from operator import eq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.engine.drafting import MATCH, RESUME, Drafter, best_length, find_source

endless = settings(derandomize=True, deadline=None)
TOKENS = st.lists(st.integers(0, 5), min_size=1, max_size=40)


def array(*tokens: int) -> np.ndarray:
    return np.array(tokens, np.int32)


def written(drafter: Drafter, prompt: list[int], answer: list[int]) -> tuple[int, int, int]:
    """Write `answer` as a model would that wants to say just that: steps, drafted, accepted."""
    steps = drafted = accepted = done = 0
    while done < len(answer):
        rest = answer[done:]
        draft = drafter.draft(array(*prompt, *answer[:done]))[: len(rest) - 1]
        agreed = sum(1 for _ in takewhile(bool, map(eq, draft, rest)))
        done += agreed + 1
        steps, drafted, accepted = steps + 1, drafted + len(draft), accepted + agreed
    return steps, drafted, accepted


def test_what_followed_the_same_tokens_is_the_draft() -> None:
    drafter = Drafter(token_cost=0, longest=4)
    assert drafter.draft(array(1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3)) == [4, 5, 6, 7]


def test_a_draft_ends_with_the_text() -> None:
    drafter = Drafter(token_cost=0, longest=24)
    assert drafter.draft(array(1, 2, 3, 4, 1, 2, 3)) == [4, 1, 2, 3]


def test_nothing_is_drafted_where_nothing_matches() -> None:
    assert Drafter().draft(array(9, 2, 3, 4, 1, 2, 3)) == []
    assert Drafter().draft(array(*range(100))) == []


@pytest.mark.parametrize("text", [[], [1], [1, 1], [1, 1, 1]])
def test_a_text_too_short_to_match_has_no_source(text: list[int]) -> None:
    assert find_source(array(*text), None) is None


def test_the_last_of_several_places_is_copied() -> None:
    assert find_source(array(1, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3), None) == 7


def test_a_repeated_token_is_its_own_source() -> None:
    assert find_source(array(7, 7, 7, 7), None) == 3


@pytest.mark.parametrize("skipped", range(RESUME))
def test_copying_resumes_behind_an_edit_at_one_equal_token(skipped: int) -> None:
    source = list(range(10, 20))
    edit = 2
    text = array(*source, 99, source[edit + skipped])
    assert find_source(text, edit) == edit + skipped + 1
    assert find_source(text, None) is None


def test_copying_does_not_resume_far_behind_an_edit() -> None:
    source = list(range(10, 20))
    assert find_source(array(*source, 99, source[2 + RESUME]), 2) is None


def test_an_insertion_is_copied_past() -> None:
    before = list(range(10, 50))
    after = [*before[:20], 99, *before[20:]]
    steps, _, accepted = written(Drafter(), before, after)
    assert accepted + steps == len(after)
    assert steps < len(after) / 3


def test_right_drafts_get_longer_and_wrong_ones_shorter() -> None:
    drafter = Drafter()
    first = best_length(drafter.right, drafter.token_cost, drafter.longest)
    prompt = list(range(10, 100))
    written(drafter, prompt, prompt[:60])
    longer = best_length(drafter.right, drafter.token_cost, drafter.longest)
    assert 0 < first < longer
    misleading = [token for i in range(20) for token in (1, 2, 3, *range(6 * i + 200, 6 * i + 206))]
    written(drafter, prompt, misleading)
    assert best_length(drafter.right, drafter.token_cost, drafter.longest) < first


def test_drafting_is_off_while_guesses_are_wrong_and_on_again_when_they_are_right() -> None:
    drafter = Drafter(right=0.1)
    source = list(range(10, 200))
    prompt = [*source, *source[:3]]
    assert drafter.draft(array(*prompt)) == []
    steps, drafted, accepted = written(drafter, [*prompt, source[3]], source[4:150])
    assert drafted == accepted > steps


def test_text_that_repeats_nothing_costs_next_to_nothing() -> None:
    random = np.random.default_rng(0)
    prompt, answer = (random.integers(0, 20, 2_000).tolist() for _ in range(2))
    _, drafted, _ = written(Drafter(), prompt, answer)
    assert drafted < 20


@pytest.mark.parametrize(
    ("right", "token_cost", "length"),
    [
        (0.0, 0.0, 0),  # ties go to the shortest
        (1.0, 0.4, 24),
        (0.3, 0.4, 0),
        (0.5, 0.4, 1),  # 1.5 tokens in 1.4 steps; 1.75 in 1.8
        (0.8, 0.4, 2),  # 1.8 in 1.4, 2.44 in 1.8, 2.95 in 2.2
        (0.5, 0.0, 24),
    ],
)
def test_the_length_is_worth_its_time(right: float, token_cost: float, length: int) -> None:
    assert best_length(right, token_cost, 24) == length


@given(st.floats(0, 1), st.floats(0, 2), st.integers(0, 24))
@endless
def test_no_other_length_gives_more_tokens_for_the_time(
    right: float, token_cost: float, longest: int
) -> None:
    def speed(length: int) -> float:
        return sum(right**i for i in range(length + 1)) / (1 + length * token_cost)

    best = best_length(right, token_cost, longest)
    assert speed(best) == pytest.approx(max(map(speed, range(longest + 1))))


@given(TOKENS)
@endless
def test_a_source_follows_the_same_tokens(text: list[int]) -> None:
    source = find_source(array(*text), None)
    places = [end for end in range(MATCH, len(text)) if text[end - MATCH : end] == text[-MATCH:]]
    assert source == (places[-1] if places else None)


@given(TOKENS, st.lists(TOKENS, max_size=8), st.floats(0, 1), st.floats(0, 1))
@endless
def test_drafts_are_pieces_of_the_text(
    prompt: list[int], steps: list[list[int]], right: float, token_cost: float
) -> None:
    drafter = Drafter(right=right, token_cost=token_cost, longest=8)
    text = list(prompt)
    for step in steps:
        draft = drafter.draft(array(*text))
        assert len(draft) <= 8
        assert any(text[i : i + len(draft)] == draft for i in range(len(text)))
        assert 0 <= drafter.right <= 1
        text += step


@given(TOKENS, TOKENS)
@endless
def test_any_answer_is_written_to_its_end(prompt: list[int], answer: list[int]) -> None:
    steps, drafted, accepted = written(Drafter(), prompt, answer)
    assert steps + accepted == len(answer)
    assert accepted <= drafted
