"""What is parked, with bytes that only name it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.engine.prefix import PrefixTree, Stretch, Tokens, common_length

endless = settings(derandomize=True, deadline=None)
TOKENS = st.lists(st.integers(0, 1), max_size=6)  # two values: beginnings are shared often


def array(tokens: list[int]) -> Tokens:
    return np.array(tokens, np.int32)


def common(a: list[int], b: list[int]) -> int:
    length = 0
    while length < min(len(a), len(b)) and a[length] == b[length]:
        length += 1
    return length


def park(tree: PrefixTree, tokens: list[int]) -> Stretch:
    """Park what is new of a sequence, as the working memory does."""
    before = tree.find_before(array(tokens))
    start = len(before.tokens) if before else 0
    return tree.add(Stretch(array(tokens), bytearray(tokens[start:]), before))


def loaded(stretch: Stretch) -> list[int]:
    """What comes of loading all that it stands behind, in order."""
    tokens: list[int] = []
    for each in stretch.path():
        assert each.start == len(tokens) < len(each.tokens)
        tokens += each.state
    return tokens


def held(tree: PrefixTree) -> list[list[int]]:
    return [stretch.tokens.tolist() for stretch in tree]


def total(tree: PrefixTree) -> int:
    return sum(stretch.length for stretch in tree)


@given(TOKENS, TOKENS)
@endless
def test_common_length(a: list[int], b: list[int]) -> None:
    assert common_length(array(a), array(b)) == common(a, b)


@given(st.lists(TOKENS.filter(bool), max_size=12), TOKENS)
@endless
def test_the_longest_common_beginning_is_found(
    sequences: list[list[int]], prompt: list[int]
) -> None:
    tree = PrefixTree(1000)
    for tokens in sequences:
        park(tree, tokens)
    stretch, length = tree.find(array(prompt))
    assert length == max((common(tokens, prompt) for tokens in sequences), default=0)
    assert (stretch is None) == (length == 0)


@given(st.integers(0, 20), st.lists(TOKENS.filter(bool), max_size=12))
@endless
def test_whatever_is_kept_can_be_loaded(most: int, sequences: list[list[int]]) -> None:
    tree = PrefixTree(most)
    for tokens in sequences:
        park(tree, tokens)
        assert total(tree) <= most
        for stretch in tree:
            assert loaded(stretch) == stretch.tokens.tolist()
            assert all(each in tree for each in stretch.path())


@given(st.lists(TOKENS.filter(bool), max_size=12))
@endless
def test_nothing_is_kept_twice(sequences: list[list[int]]) -> None:
    tree = PrefixTree(1000)
    for tokens in sequences:
        park(tree, tokens)
        park(tree, tokens)
    assert sorted(held(tree)) == sorted({tuple(tokens): tokens for tokens in sequences}.values())


def test_an_empty_tree_knows_nothing() -> None:
    assert PrefixTree(10).find(array([1, 2])) == (None, 0)


def test_the_shortest_of_those_that_know_as_much() -> None:
    tree = PrefixTree(100)
    trunk = park(tree, [1, 2, 3])
    park(tree, [1, 2, 3, 4, 5])
    assert tree.find(array([1, 2, 3, 9])) == (trunk, 3)
    assert tree.find(array([1, 2])) == (trunk, 2)


def test_the_least_recently_used_goes_first() -> None:
    tree = PrefixTree(6)
    for tokens in ([1, 1], [2, 2], [3, 3], [1, 1]):
        park(tree, tokens)
    park(tree, [4, 4])
    assert held(tree) == [[4, 4], [1, 1], [3, 3]]


def test_what_others_stand_behind_goes_after_them() -> None:
    tree = PrefixTree(10)
    park(tree, [1, 2, 3])
    tree.use(park(tree, [1, 2, 3, 4, 5, 6, 7]))
    tree.shrink(4)
    assert held(tree) == [[1, 2, 3]]


def test_nothing_stands_behind_what_it_shares_only_a_part_with() -> None:
    tree = PrefixTree(100)
    park(tree, [1, 2, 3, 4, 5, 6])
    assert park(tree, [1, 2, 3, 9]).before is None
    assert park(tree, [1, 2, 8]).before is None


def test_what_is_too_long_is_not_kept_but_the_others_are() -> None:
    tree = PrefixTree(4)
    park(tree, [1, 2])
    park(tree, [1, 2, 3, 4, 5])
    park(tree, [6, 7, 8, 9, 10])
    assert held(tree) == [[1, 2]]
