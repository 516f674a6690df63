"""Which pieces go into a prompt, and in which form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.context.budget import choose
from qwlsp.context.pieces import Form, Piece

Sizes = list[list[int]]
"""The tokens of each piece's forms, the fullest first."""


def pieces(sizes: Sizes) -> list[Piece]:
    """Pieces whose forms say how many tokens they have."""
    return [
        Piece(f"{n}.py", "definition", str(n), (1, 9), tuple(Form(str(s), (1, 9)) for s in forms))
        for n, forms in enumerate(sizes)
    ]


def chosen(sizes: Sizes, budget: int) -> list[int | None]:
    """The tokens of each piece's form, None for a piece that is left out."""
    given = pieces(sizes)
    forms = choose(given, int, budget)
    for piece, form in zip(given, forms, strict=True):
        assert form is None or any(form is each for each in piece.forms)
    return [int(form.text) if form else None for form in forms]


def total(forms: list[int | None]) -> int:
    return sum(each or 0 for each in forms)


def check(sizes: Sizes, budget: int, *expected: int | None) -> None:
    assert chosen(sizes, budget) == list(expected)


def test_nothing_for_nothing() -> None:
    check([], 100)


def test_all_of_it_where_there_is_room() -> None:
    check([[50, 20, 10], [40], [30, 5]], 120, 50, 40, 30)


def test_one_token_less_and_the_last_step_is_not_taken() -> None:
    check([[50, 20, 10], [40], [30, 5]], 119, 20, 40, 30)


def test_everything_in_its_shortest_form_before_anything_in_a_fuller_one() -> None:
    check([[50, 10], [30, 10], [20, 10]], 30, 10, 10, 10)
    check([[50, 10], [30, 10], [20, 10]], 69, 10, 30, 20)
    check([[50, 10], [30, 10], [20, 10]], 70, 50, 10, 10)


def test_the_most_needed_is_shown_first() -> None:
    check([[10], [10], [10]], 25, 10, 10, None)


def test_what_has_no_room_makes_way_for_what_is_needed_less() -> None:
    check([[30], [10]], 20, None, 10)


def test_one_step_for_each_before_the_second_one_for_any() -> None:
    check([[60, 20, 10], [40, 20, 10]], 40, 20, 20)
    check([[60, 20, 10], [40, 20, 10]], 60, 20, 40)


def test_the_first_piece_may_be_shorter_so_that_another_one_is_there_at_all() -> None:
    check([[30, 10], [50]], 40, 30, None)
    check([[30, 10], [50]], 60, 10, 50)


def test_a_form_that_is_no_longer_in_tokens_costs_nothing() -> None:
    check([[10, 10]], 10, 10)
    check([[8, 10]], 10, 8)


@pytest.mark.parametrize("budget", [0, -1, -10_000])
def test_nothing_without_a_budget(budget: int) -> None:
    check([[50, 10], [1]], budget, None, None)


def test_the_budget_is_used_up_exactly() -> None:
    check([[7], [3]], 10, 7, 3)
    check([[7], [3]], 9, 7, None)


def test_the_same_piece_twice_counts_twice() -> None:
    piece = pieces([[20, 5]])[0]
    forms = choose([piece, piece], int, 25)
    assert [form and form.text for form in forms] == ["20", "5"]


some_sizes = st.lists(st.lists(st.integers(1, 60), min_size=1, max_size=4), max_size=8)
shrinking = some_sizes.map(lambda sizes: [sorted(forms, reverse=True) for forms in sizes])
"""As pieces are: each form has at most the tokens of the one before it."""
budgets = st.integers(-20, 400)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(some_sizes, budgets)
def test_never_over_the_budget(sizes: Sizes, budget: int) -> None:
    assert total(chosen(sizes, budget)) <= max(budget, 0)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(shrinking, budgets)
def test_the_pieces_are_those_whose_shortest_forms_fit(sizes: Sizes, budget: int) -> None:
    forms = chosen(sizes, budget)
    shortest = [each[-1:] for each in sizes]
    assert [f is None for f in forms] == [f is None for f in chosen(shortest, budget)]


@settings(derandomize=True, deadline=None, max_examples=200)
@given(shrinking, budgets)
def test_nothing_more_would_fit(sizes: Sizes, budget: int) -> None:
    forms = chosen(sizes, budget)
    left = budget - total(forms)
    for form, each in zip(forms, sizes, strict=True):
        larger = [size for size in each if size > (form or 0)]
        assert not larger or min(larger) - (form or 0) > left


@settings(derandomize=True, deadline=None, max_examples=200)
@given(shrinking.filter(bool), budgets, st.integers(0, 100))
def test_a_bigger_budget_never_drops_the_first_piece(sizes: Sizes, budget: int, more: int) -> None:
    if chosen(sizes, budget)[0] is not None:
        assert chosen(sizes, budget + more)[0] is not None


@settings(derandomize=True, deadline=None, max_examples=200)
@given(shrinking, budgets, st.integers(0, 100))
def test_a_bigger_budget_never_shows_less_in_all(sizes: Sizes, budget: int, more: int) -> None:
    assert total(chosen(sizes, budget)) <= total(chosen(sizes, budget + more))
