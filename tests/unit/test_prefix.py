"""The cache of sequences, against a memory that holds plain lists."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.engine.prefix import CachedSequence, PrefixCache, Tokens, common_length

endless = settings(derandomize=True, deadline=None)
TOKENS = st.lists(st.integers(0, 1), max_size=6)  # two values: beginnings are shared often


class Memory:
    """What `backends.llama.Context` does, without a model."""

    def __init__(self, count: int) -> None:
        self.sequences: list[list[int]] = [[] for _ in range(count)]

    def truncate(self, sequence: int, length: int) -> None:
        del self.sequences[sequence][length:]

    def branch(self, source: int, target: int, length: int) -> None:
        self.truncate(target, 0)
        self.sequences[target] = self.sequences[source][:length]


class Cached:
    """A cache, its memory, and every sequence that it handed out."""

    def __init__(self, count: int) -> None:
        self.memory = Memory(count)
        self.cache = PrefixCache(self.memory, count)
        self.known: dict[int, CachedSequence] = {}

    def acquire(self, prompt: list[int]) -> CachedSequence:
        sequence = self.cache.acquire(array(prompt))
        self.known[sequence.id] = sequence
        return sequence

    def extend(self, sequence: CachedSequence, tokens: list[int]) -> None:
        """What a decode does."""
        self.memory.sequences[sequence.id] += tokens
        sequence.tokens = array([*sequence.tokens, *tokens])

    def run(self, prompt: list[int], answer: list[int], read: int | None = None) -> int:
        """One request, cut off when `read` new tokens have been read; returns what it reused."""
        sequence = self.acquire(prompt)
        reused = len(sequence.tokens)
        self.extend(sequence, (prompt + answer)[reused:][:read])
        return reused

    def held(self) -> list[list[int]]:
        """What the sequences hold that are not empty, sorted."""
        return sorted(list(tokens) for tokens in self.memory.sequences if tokens)

    def check(self) -> None:
        """The cache believes what the memory holds."""
        believed = {i: s.tokens.tolist() for i, s in self.known.items()}
        assert believed == {i: self.memory.sequences[i] for i in self.known}
        assert len(self.held()) <= len(self.known)


def array(tokens: list[int]) -> Tokens:
    return np.array(tokens, np.int32)


def common(a: list[int], b: list[int]) -> int:
    length = 0
    while length < min(len(a), len(b)) and a[length] == b[length]:
        length += 1
    return length


REQUESTS = st.lists(
    st.tuples(TOKENS.filter(bool), TOKENS, st.none() | st.integers(0, 6)), max_size=12
)


@given(count=st.integers(1, 4), requests=REQUESTS)
@endless
def test_reuse_is_the_longest_possible_and_never_the_whole_prompt(
    count: int, requests: list[tuple[list[int], list[int], int | None]]
) -> None:
    cached = Cached(count)
    for prompt, answer, read in requests:
        longest = max(common(tokens, prompt) for tokens in cached.memory.sequences)
        assert cached.cache.known(array(prompt)) == longest
        assert cached.run(prompt, answer, read) == min(longest, len(prompt) - 1)


@given(count=st.integers(1, 4), requests=REQUESTS, evictions=st.sets(st.integers(0, 11)))
@endless
def test_a_sequence_holds_what_the_cache_believes(
    count: int, requests: list[tuple[list[int], list[int], int | None]], evictions: set[int]
) -> None:
    cached = Cached(count)
    for number, (prompt, answer, read) in enumerate(requests):
        sequence = cached.acquire(prompt)
        reused = len(sequence.tokens)
        assert cached.memory.sequences[sequence.id] == prompt[:reused]
        cached.check()
        if number in evictions:
            cached.cache.evict(sequence)
            assert cached.memory.sequences[sequence.id] == prompt[:reused]
        cached.extend(sequence, (prompt + answer)[reused:][:read])
        cached.check()


@given(TOKENS, TOKENS)
@endless
def test_common_length(a: list[int], b: list[int]) -> None:
    assert common_length(array(a), array(b)) == common(a, b)


def test_a_prompt_of_one_token_is_decoded_anew() -> None:
    cached = Cached(2)
    assert [cached.run([1], []), cached.run([1], [])] == [0, 0]


def test_the_same_prompt_needs_its_last_token_only() -> None:
    cached = Cached(2)
    assert [cached.run([1, 2, 3], [4]), cached.run([1, 2, 3], [5])] == [0, 2]


def test_a_conversation_goes_on_in_the_same_sequence() -> None:
    cached = Cached(2)
    cached.run([1, 2, 3], [4, 5])
    assert cached.run([1, 2, 3, 4, 5, 6], []) == 5
    assert cached.held() == [[1, 2, 3, 4, 5, 6]]


def test_a_branch_leaves_the_other_answer_in_place() -> None:
    cached = Cached(2)
    cached.run([1, 2, 3], [4, 5, 6])
    assert cached.run([1, 2, 7], []) == 2
    assert cached.held() == [[1, 2, 3, 4, 5, 6], [1, 2, 7]]


def test_the_shorter_of_two_that_begin_alike_is_gone_on_with() -> None:
    cached = Cached(3)
    cached.run([1, 2, 3], [4, 5, 6])
    cached.run([1, 2, 7], [])
    cached.run([1, 2, 8], [])
    assert cached.held() == [[1, 2, 3, 4, 5, 6], [1, 2, 8]]


def test_unrelated_prompts_each_get_a_sequence() -> None:
    cached = Cached(3)
    for first in (1, 2, 3):
        cached.run([first, 9, 9], [])
    assert cached.held() == [[1, 9, 9], [2, 9, 9], [3, 9, 9]]


def test_the_least_recently_used_sequence_is_given_up() -> None:
    cached = Cached(2)
    cached.run([1, 1, 1], [])
    cached.run([2, 2, 2], [])
    cached.run([1, 1, 1], [])
    cached.run([3, 3, 3], [])
    assert cached.held() == [[1, 1, 1], [3, 3, 3]]


def test_a_branch_never_gives_up_what_it_branches_from() -> None:
    cached = Cached(2)
    cached.run([1, 2, 3, 4, 5], [])
    cached.run([9, 9, 9], [])  # the older one is the one to branch from now
    assert cached.run([1, 2, 3, 8], []) == 3
    assert cached.held() == [[1, 2, 3, 4, 5], [1, 2, 3, 8]]


def test_the_only_sequence_is_cut_back() -> None:
    cached = Cached(1)
    cached.run([1, 2, 3, 4], [])
    assert cached.run([1, 2, 9], []) == 2
    assert cached.held() == [[1, 2, 9]]


def test_eviction_starts_with_the_least_recently_used() -> None:
    cached = Cached(3)
    cached.run([1, 1], [])
    cached.run([2, 2], [])
    keep = cached.acquire([3, 3])
    left = []
    while cached.cache.evict(keep):
        left.append(cached.held())
    assert left == [[[2, 2]], []]


def test_what_was_touched_goes_last() -> None:
    cached = Cached(3)
    cached.run([1, 2, 3], [])
    cached.run([4, 5, 6], [])
    cached.cache.touch(array([1, 2, 3]))
    cached.cache.touch(array([4, 5, 6, 7]))  # not all of it is held
    assert [list(s.tokens) for s in cached.cache.newest_first()] == [[1, 2, 3], [4, 5, 6]]


def test_eviction_keeps_the_sequence_at_work() -> None:
    cached = Cached(2)
    cached.run([1, 2, 3], [])
    keep = cached.acquire([1, 2, 3, 4])
    assert not cached.cache.evict(keep)
    assert cached.held() == [[1, 2, 3]]


def test_only_what_was_read_is_reused() -> None:
    cached = Cached(1)
    cached.run([1, 2, 3, 4, 5], [6], read=2)
    assert cached.run([1, 2, 3, 4, 5], []) == 2


def test_an_empty_sequence_counts_as_the_least_recently_used() -> None:
    cached = Cached(2)
    cached.run([1, 1], [])
    assert len(cached.cache.least_recent().tokens) == 0
    cached.run([2, 2], [])
    newest, oldest = cached.cache.newest_first()
    assert cached.cache.least_recent() is oldest
    cached.cache.evict(keep=oldest)
    assert cached.cache.least_recent() is newest


def test_the_newest_come_first_and_empty_ones_not_at_all() -> None:
    cached = Cached(4)
    for prompt in ([1, 1], [2, 2], [3, 3], [1, 1]):
        cached.run(prompt, [])
    held = [sequence.tokens.tolist() for sequence in cached.cache.newest_first()]
    assert held == [[1, 1], [3, 3], [2, 2]]


def test_a_sequence_in_use_again_is_no_longer_saved() -> None:
    cached = Cached(2)
    cached.run([1, 1, 1], [])
    [sequence] = cached.cache.newest_first()
    sequence.saved = True
    assert cached.acquire([1, 1, 1]) is sequence
    assert not sequence.saved
