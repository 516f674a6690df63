"""The working memory on a real, tiny model: what is parked, brought back, saved and lost."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qwlsp.backends.llama import AbortFlag, Context, ContextSize, Model
from qwlsp.engine import memory
from qwlsp.engine.archive import HEADER, MAGIC, STRETCH, Archive
from qwlsp.engine.memory import OpenSequence, WorkingMemory
from qwlsp.engine.prefix import Tokens
from qwlsp.errors import EngineError

Make = Callable[..., "Memory"]


class Memory(WorkingMemory):
    """A working memory in a context of `tokens`, or of what is needed if that is more."""

    def __init__(self, model: Model, *, tokens: int, **options: Any) -> None:
        self.contexts: list[Context] = []

        def make_context(needed: int) -> Context:
            size = ContextSize(tokens=max(needed, tokens), threads=1, batch=256, micro_batch=128)
            self.contexts.append(Context(model, size, AbortFlag()))
            return self.contexts[-1]

        super().__init__(make_context, check=lambda: None, **options)

    def read(self, prompt: Tokens, *, room: int = 0) -> int:
        """Read a prompt; returns how many tokens of it were known."""
        sequence = self.open(prompt, room=room or len(prompt))
        known = len(sequence.tokens)
        sequence.extend(prompt[known:])
        return known

    def scores(self, prompt: Tokens) -> np.ndarray:
        """Of what follows a prompt."""
        sequence = self.open(prompt, room=len(prompt))
        sequence.extend(prompt[len(sequence.tokens) :])
        return sequence.logits().copy()

    @property
    def at_work(self) -> OpenSequence:
        assert self._sequence is not None
        return self._sequence


@pytest.fixture
def make(model: Model) -> Iterator[Make]:
    made: list[Memory] = []

    def new(*, tokens: int = 1024, archive: Archive | None = None, **options: Any) -> Memory:
        made.append(Memory(model, tokens=tokens, archive=archive, **options))
        return made[-1]

    yield new
    for each in made:
        each.close()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "states" / "tiny", max_bytes=1 << 24)


def text(number: int, length: int = 300) -> Tokens:
    """Tokens that nothing else begins with."""
    chance = np.random.default_rng(number)
    return chance.integers(300, size=length).astype(np.int32)


def joined(*parts: Tokens) -> Tokens:
    return np.concatenate(parts)


def test_another_prompt_leaves_nothing_in_the_context(make: Make) -> None:
    memory = make(tokens=512)
    for number in range(5):  # far more than there is room for
        assert memory.read(text(number)) == 0
        assert memory.contexts[0].length == 300


def test_what_was_read_before_is_brought_back(make: Make) -> None:
    memory = make(tokens=512)
    for number in (1, 2, 3):
        memory.read(text(number))
    assert [memory.read(text(number)) for number in (1, 2, 3)] == [299] * 3


def test_scores_are_those_of_a_fresh_context(make: Make) -> None:
    trunk = text(1)
    memory = make()
    for prompt in (joined(trunk, text(2, 20)), text(3), joined(trunk, text(4, 20)), trunk[:150]):
        memory.read(prompt)
    for prompt in (joined(trunk, text(2, 20)), joined(trunk[:150], text(5, 30)), text(3)):
        difference = memory.scores(prompt) - make().scores(prompt)
        assert np.abs(difference).max() < 1e-3


def test_a_common_beginning_is_parked_once(make: Make) -> None:
    memory = make()
    trunk = text(1)
    prompts = [joined(trunk, text(number, 20)) for number in (2, 3, 4)]
    for prompt in [*prompts, text(5)]:
        memory.read(prompt)
    assert sum(stretch.length for stretch in memory._parked) == 360
    assert [memory.read(prompt) for prompt in prompts] == [319] * 3


def test_a_token_or_two_are_not_worth_parking(make: Make) -> None:
    memory = make()
    memory.read(joined(text(1), text(2, 5)))
    memory.read(joined(text(1), text(3, 5)))
    assert not [*memory._parked]


def test_the_beginning_of_what_is_parked(make: Make) -> None:
    memory = make()
    memory.read(text(1))
    memory.read(text(2))
    assert memory.read(joined(text(1)[:200], text(3, 50))) == 200
    assert memory.known(text(1)) == 300


def test_the_least_recently_used_is_lost(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PARKED_TOKENS", 700)
    held = make()
    for number in range(4):
        held.read(text(number))
    assert [held.known(text(number)) for number in range(4)] == [0, 300, 300, 300]


def test_what_is_too_long_to_be_parked_goes_to_disk(
    make: Make, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "PARKED_TOKENS", 700)
    held = make(archive=archive)
    held.read(text(1, 900))
    held.read(text(2))
    assert not [*held._parked]
    assert held.read(text(1, 900)) == 899


def test_what_is_too_long_is_read_again_where_nothing_is_kept_on_disk(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "PARKED_TOKENS", 700)
    held = make()
    held.read(text(1, 900))
    held.read(text(2))
    assert held.read(text(1, 900)) == 0


def test_a_larger_context_holds_what_the_small_one_held(make: Make) -> None:
    memory = make(tokens=512)
    memory.read(text(1))
    memory.read(text(2))
    assert memory.read(joined(text(2), text(3, 500))) == 300
    assert [context.size.tokens for context in memory.contexts] == [512, 800]
    assert memory.read(text(1)) == 299


def test_less_is_parked_beside_a_large_context(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PARKED_TOKENS", 600)
    monkeypatch.setattr(memory, "LARGE_CONTEXT", 512)
    held = make(tokens=512)
    for number in (1, 2, 3):
        held.read(text(number, 200))
    held.read(text(4, 700))
    assert [held.known(text(number, 200)) for number in (1, 2, 3)] == [0, 0, 200]


def test_a_sequence_on_disk_that_there_is_no_room_for(make: Make, archive: Archive) -> None:
    first = make(archive=archive)
    first.read(text(1, 800))
    assert first.save_one()
    second = make(tokens=512, archive=archive)
    prompt = joined(text(1, 800)[:200], text(2, 20))
    assert second.read(prompt) == 0
    assert np.abs(second.scores(prompt) - make().scores(prompt)).max() < 1e-3


def test_branches_come_back_from_disk_as_they_were(make: Make, archive: Archive) -> None:
    prompts = [joined(text(1), text(number, 100)) for number in (2, 3)]
    first = make(archive=archive)
    for prompt in prompts:
        first.read(prompt)
    while first.save_one():
        pass
    second = make(archive=archive)
    assert [second.read(prompt) for prompt in prompts] == [399, 399]
    assert sum(stretch.length for stretch in second._parked) == 500
    assert np.abs(second.scores(prompts[0]) - make().scores(prompts[0])).max() < 1e-3


def test_what_can_not_be_saved_is_tried_once(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = make(archive=Archive(tmp_path / "file" / "tiny", max_bytes=1 << 24))
    memory.read(text(1))
    memory.read(text(2))
    assert [memory.save_one() for _ in range(3)] == [True, True, False]


def test_a_context_that_can_not_grow(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = make(tokens=512)
    memory.read(text(1))
    memory.read(text(2))
    possible = memory._make_context

    def impossible(tokens: int) -> Context:
        raise EngineError("There is not enough memory.")

    monkeypatch.setattr(memory, "_make_context", impossible)
    with pytest.raises(EngineError):
        memory.read(text(3), room=800)
    monkeypatch.setattr(memory, "_make_context", possible)
    assert memory.read(text(2)) == 299
    assert memory.read(text(1)) == 299


def test_an_edit_further_up_each_time(make: Make, archive: Archive) -> None:
    old = text(1)
    edited = [joined(old[:at], text(at, 100)) for at in (250, 200, 150)]
    first = make(archive=archive)
    for prompt in (old, *edited, text(2)):
        first.read(prompt)
    while first.save_one():
        pass
    second = make(archive=archive)
    for prompt in (*edited, text(2), *edited[::-1], old):
        second.read(prompt)
        assert np.abs(second.scores(prompt) - make().scores(prompt)).max() < 1e-3


def test_a_long_one_is_on_disk_again_after_it_was_removed(
    make: Make, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "PARKED_TOKENS", 700)
    held = make(archive=archive)
    held.read(text(1, 900))
    held.read(text(2))
    [file] = tmp_path.rglob("*.state")
    archive._remove(file)
    held.read(text(1, 900))
    held.read(text(2))
    assert file.exists()


def test_a_model_whose_states_are_not_whole(make: Make) -> None:
    memory = make(parked_tokens=0, tokens=512)
    for number in (1, 2):
        memory.read(text(number))
    assert memory.read(text(1)) == 0
    assert memory.read(text(1, 600)) == 0  # in a larger context


TABLES = {
    "backwards": [(0, 0), (200, 0), (100, 0)],
    "not from the beginning": [(100, 0)],
    "beyond the end": [(0, 0), (4_000_000_000, 0)],
    "nothing": [],
    "too long": [(0, 1 << 60)],
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_file_that_lies(archive: Archive, tmp_path: Path, table: list[tuple[int, int]]) -> None:
    tokens = text(1).tobytes()
    body = tokens + b"".join(STRETCH.pack(*row) for row in table)
    path = tmp_path / "x.state"
    path.write_bytes(HEADER.pack(MAGIC, 300, len(table), 0, zlib.crc32(body)) + body)
    assert archive.load(path) is None
    assert not path.exists()
