"""One request after the other on a real, tiny model, without a worker process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from qwlsp.backends.llama import AbortFlag, Context, Model
from qwlsp.engine import generation, loading
from qwlsp.engine.generation import READ_STEP
from qwlsp.engine.messages import (
    Count,
    Done,
    EngineConfig,
    Event,
    Generate,
    Message,
    Piece,
    ReadAhead,
    Reading,
    Sampling,
)
from qwlsp.engine.scheduler import Stopped
from qwlsp.engine.template import ChatTemplate
from qwlsp.errors import PromptTooLong

GREEDY = Sampling(temperature=0)
SIZES = (1024, 2048, 4096)
"""Of contexts: small ones, so that they fill up and grow."""


class Engine:
    """A loaded model that does a request at once, and stops when `looks` says so."""

    def __init__(self, path: Path, *, limit: int = SIZES[-1], states: str = "") -> None:
        self.abort = AbortFlag()
        self.looks: Iterator[bool] = itertools.repeat(False)
        config = EngineConfig(
            model_path=str(path), threads=1, context_size=limit, states_folder=states
        )
        self.loaded = loading.load(config, abort=self.abort, check=self._check)

    def _check(self) -> None:
        if next(self.looks):
            raise Stopped

    def stop_at_look(self, number: int) -> None:
        self.looks = itertools.chain([False] * number, itertools.repeat(True))

    def never_stop(self) -> None:
        self.looks = itertools.repeat(False)

    def events(self, text: str, *, max_tokens: int = 8, **options: object) -> Iterator[Event]:
        request = Generate(
            id=1, messages=chat(text), sampling=GREEDY, max_tokens=max_tokens, **options
        )
        return self.loaded.runner.run(request)

    def write(self, text: str, *, max_tokens: int = 8, **options: object) -> str:
        return joined(self.events(text, max_tokens=max_tokens, **options))

    def done(self, text: str, *, max_tokens: int = 8, **options: object) -> Done:
        *_, last = self.events(text, max_tokens=max_tokens, **options)
        assert isinstance(last, Done)
        return last

    def read_ahead(self, *texts: str, save_power: bool = False) -> Done:
        chats = [chat(text) for text in texts]
        request = ReadAhead(id=1, chats=chats, save_power=save_power)
        *_, last = self.loaded.runner.read_ahead(request)
        assert isinstance(last, Done)
        return last


Make = Callable[..., Engine]


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Context]]:
    """All contexts that are made."""
    made: list[Context] = []

    class Recorded(Context):
        closed = False

        def close(self) -> None:
            if not self.closed:
                super().close()
                self.closed = True

    def make(*args: object) -> Context:
        made.append(Recorded(*args))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(loading, "Context", make)
    monkeypatch.setattr(loading, "CONTEXT_SIZES", SIZES)
    yield made
    for context in made:
        context.close()


@pytest.fixture
def make(tiny_model: Path, contexts: list[Context]) -> Make:
    return lambda **options: Engine(tiny_model, **options)


@pytest.fixture
def engine(make: Make) -> Engine:
    return make()


def chat(text: str) -> list[Message]:
    return [Message(role="user", parts=[text])]


def code(number: int, lines: int) -> str:
    """Lines of code that nothing else begins with."""
    return "".join(f"{number}: return value_{n}\n" for n in range(lines))


def joined(events: Iterable[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Piece))


def readings(events: Iterable[Event]) -> list[Reading]:
    return [event for event in events if isinstance(event, Reading)]


# The answer


def test_the_answer_is_the_likeliest_token_after_each(
    engine: Engine, model: Model, contexts: list[Context]
) -> None:
    text = engine.write("Explain.", max_tokens=30)
    template = ChatTemplate(model.chat_template)
    prompt = template.tokens(chat("Explain."), model.tokenize).tokens
    [context] = contexts
    tokens = list(prompt)
    context.truncate(0)
    context.decode(tokens, start=0)
    while len(tokens) < len(prompt) + 30:
        tokens.append(int(context.logits().argmax()))
        context.decode(tokens[-1:], start=len(tokens) - 1)
    written = b"".join(map(model.piece, tokens[len(prompt) :]))
    assert text == written.decode("utf-8", "replace")


def test_max_tokens_end_the_answer(engine: Engine) -> None:
    done = engine.done("Explain.", max_tokens=5)
    assert (done.finish, done.output_tokens) == ("length", 5)


def test_an_end_token_ends_the_answer(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.write("Explain.")
    model = engine.loaded.runner._model
    monkeypatch.setattr(model, "end_tokens", frozenset(range(model.vocabulary_size)))
    assert engine.write("Explain.") == ""
    done = engine.done("Explain.")
    assert (done.finish, done.output_tokens) == ("stop", 0)


def test_the_answer_goes_on_after_its_start(engine: Engine, model: Model) -> None:
    start = "It adds <|im_end|>"
    added = len(model.tokenize(start, special=False))
    alone, begun = engine.done("Explain."), engine.done("Explain.", answer_start=start)
    assert begun.prompt_tokens == alone.prompt_tokens + added
    assert begun.reused_tokens == alone.prompt_tokens
    assert not engine.write("Explain.", answer_start=start).startswith(start)


def test_a_character_is_sent_when_it_is_whole(
    engine: Engine, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    emoji = model.tokenize("🙂", special=False)
    assert len(emoji) > 1
    tokens = itertools.chain([*emoji, *model.tokenize("é", special=False)], emoji[:1] * 100)
    monkeypatch.setattr(Model, "piece", lambda _self, _token: model._piece(next(tokens)))
    monkeypatch.setattr(generation, "PIECE_INTERVAL", 0.0)
    length = len(emoji) + len(model.tokenize("é", special=False)) + 1
    pieces = [e.text for e in engine.events("x", max_tokens=length) if isinstance(e, Piece)]
    assert pieces == ["🙂", "é", "\ufffd"]


def test_a_lone_surrogate_in_the_code_is_no_reason_to_fail(engine: Engine) -> None:
    assert engine.done("a = '\ud800'").finish == "length"


# Reading


def test_progress_goes_from_what_was_reused_to_the_whole(engine: Engine) -> None:
    first = readings(engine.events(code(1, 100)))
    total = first[0].total
    assert [(e.read, e.reused) for e in first] == [
        (read, 0) for read in [*range(0, total, READ_STEP), total]
    ]
    again = readings(engine.events(code(1, 100)))
    assert [(e.read, e.reused) for e in again] == [(total - 1, total - 1), (total, total - 1)]


def test_parts_are_counted_in_the_first_report_only(engine: Engine, model: Model) -> None:
    parts = [code(1, 100), "", "Explain."]
    request = Generate(id=1, messages=[Message(role="user", parts=parts)], max_tokens=1)
    counted = [e.part_tokens for e in readings(engine.loaded.runner.run(request))]
    assert counted[0] == [len(model.tokenize(part, special=False)) for part in parts]
    assert set(map(str, counted[1:])) == {"None"}


def test_seconds_left_end_at_nothing(engine: Engine) -> None:
    left = [e.seconds_left for e in readings(engine.events(code(1, 200)))]
    assert left[0] > 0
    assert left[-1] == 0


def richer(engine: Engine, text: str, *, wait: float) -> Reading:
    """The first report of a short question that has `text` as its richer form."""
    events = engine.events(code(9, 1), richer=[chat(text)], wait_seconds=wait, max_tokens=1)
    return readings(events)[0]


def test_the_richer_chat_is_taken_where_there_is_time(engine: Engine) -> None:
    assert richer(engine, code(1, 50), wait=60).chat == 0


def test_the_richer_chat_is_left_where_it_takes_too_long(engine: Engine) -> None:
    assert richer(engine, code(1, 50), wait=0).chat is None


def test_the_richer_chat_is_taken_when_it_was_read_ahead(engine: Engine) -> None:
    engine.read_ahead(code(1, 50))
    assert richer(engine, code(1, 50), wait=0.1).chat == 0


def test_a_richer_chat_that_is_too_long_is_left(engine: Engine) -> None:
    assert richer(engine, code(1, 2000), wait=1e9).chat is None


def test_an_answer_in_a_later_chat_is_not_read_again(engine: Engine) -> None:
    first = engine.done(code(1, 20), max_tokens=30)
    assert first.written is not None
    messages = [
        *chat(code(1, 20)),
        Message(role="assistant", parts=[first.written]),
        Message(role="user", parts=["And why?"]),
    ]
    request = Generate(id=1, messages=messages, sampling=GREEDY, max_tokens=1)
    *_, second = engine.loaded.runner.run(request)
    assert isinstance(second, Done)
    last_drawn = int(first.finish == "length")  # it was written, but not read
    assert second.reused_tokens == first.prompt_tokens + first.output_tokens - last_drawn


def test_counting_gives_the_tokens_of_the_prompt(engine: Engine) -> None:
    messages = chat(code(1, 3))
    texts = [part for message in messages for part in message.parts if isinstance(part, str)]
    count = Count(id=7, texts=texts, roles=[message.role for message in messages], seconds=1)
    counted = engine.loaded.tokenizer.count(count)
    assert counted.markup + sum(counted.tokens) == engine.done(code(1, 3)).prompt_tokens
    assert counted.context_length == SIZES[-1]


def test_an_answer_is_the_same_whatever_is_cached(make: Make) -> None:
    engine = make()
    shapes = [(1, 5), (1, 9), (2, 3), (1, 5), (3, 1), (1, 7), (2, 3), (1, 90), (1, 5), (2, 90)]
    texts = [code(*shape) for shape in shapes]
    assert [engine.write(t, max_tokens=20) for t in texts] == [
        make().write(t, max_tokens=20) for t in texts
    ]


def test_more_is_known_than_the_context_holds(make: Make, contexts: list[Context]) -> None:
    engine = make(limit=1024)
    prompts = [code(n, 60) for n in range(4)]  # two of them would fill the context
    assert [engine.write(p) for p in prompts] == [make().write(p) for p in prompts]
    assert contexts[0].size.tokens == 1024
    assert all(engine.done(p).reused_tokens > 500 for p in prompts)


def test_the_context_grows_with_the_need_and_keeps_what_it_held(
    engine: Engine, contexts: list[Context]
) -> None:
    small = engine.done(code(1, 60))
    engine.done(code(2, 150))
    again = engine.done(code(1, 60))
    assert [context.size.tokens for context in contexts] == [1024, 2048]
    assert again.reused_tokens == small.prompt_tokens - 1


def test_an_answer_is_the_same_in_a_grown_context(make: Make) -> None:
    engine = make()
    engine.write(code(1, 60))
    engine.write(code(2, 150))
    assert engine.write(code(1, 60), max_tokens=20) == make().write(code(1, 60), max_tokens=20)


@pytest.mark.parametrize(
    ("context_tokens", "expected"), [(None, 1024 - 100), (50, 50), (5000, 1024 - 100)]
)
def test_a_prompt_that_does_not_fit(make: Make, context_tokens: int | None, expected: int) -> None:
    true_length = make().done(code(1, 200)).prompt_tokens
    with pytest.raises(PromptTooLong) as caught:
        make(limit=1024).done(code(1, 200), max_tokens=100, context_tokens=context_tokens)
    assert (caught.value.tokens, caught.value.limit) == (true_length, expected)


def test_a_prompt_that_just_fits(make: Make) -> None:
    length = make().done(code(1, 20)).prompt_tokens
    engine = make(limit=length + 8)
    assert engine.done(code(1, 20), max_tokens=8, context_tokens=length).finish == "length"
    with pytest.raises(PromptTooLong):
        engine.done(code(1, 20), max_tokens=9)
    with pytest.raises(PromptTooLong):
        engine.done(code(1, 20), max_tokens=8, context_tokens=length - 1)


# Stopping


def test_what_was_read_before_a_stop_is_not_read_again(engine: Engine) -> None:
    engine.stop_at_look(3)
    events = engine.events(code(1, 100))
    with pytest.raises(Stopped):
        list(events)
    engine.never_stop()
    assert engine.done(code(1, 100)).reused_tokens == 2 * READ_STEP


def test_a_stop_before_the_start_costs_nothing(engine: Engine, contexts: list[Context]) -> None:
    engine.stop_at_look(0)
    with pytest.raises(Stopped):
        engine.done("Explain.")
    assert contexts == []


def test_words_written_before_a_stop_are_sent(engine: Engine) -> None:
    whole = engine.write("Explain.", max_tokens=50)
    engine.stop_at_look(10)
    words = ""
    with pytest.raises(Stopped):
        for event in engine.events("Explain.", max_tokens=50):
            words += joined([event])
    assert words
    assert whole.startswith(words)


def test_an_answer_after_a_stop_is_the_same(make: Make) -> None:
    engine = make()
    for number in range(1, 20, 3):
        engine.stop_at_look(number)
        with pytest.raises(Stopped):
            engine.done(code(1, 60), max_tokens=50)
    engine.never_stop()
    assert engine.write(code(1, 60)) == make().write(code(1, 60))


def test_an_abort_that_comes_too_late_changes_nothing(make: Make) -> None:
    engine = make()

    def looks() -> Iterator[bool]:
        yield False
        engine.abort.set()  # meant for the job before this one
        yield False
        while True:
            engine.abort.clear()
            yield False

    engine.looks = looks()
    assert engine.write("Explain.") == make().write("Explain.")


def test_an_iterator_that_is_closed_leaves_the_memory_right(make: Make) -> None:
    engine = make()
    events = engine.events(code(1, 60))
    while not isinstance(next(events), Piece):
        pass
    events.close()  # type: ignore[attr-defined]
    assert engine.write(code(1, 60)) == make().write(code(1, 60))


# Reading ahead


def test_what_is_read_ahead_is_not_read_again(make: Make) -> None:
    engine = make()
    ahead = engine.read_ahead(code(1, 20), code(2, 20))
    assert (ahead.finish, ahead.output_tokens) == ("stop", 0)
    for number in (2, 1):
        done = engine.done(code(number, 20))
        assert done.reused_tokens == done.prompt_tokens - 1
    assert engine.write(code(1, 20)) == make().write(code(1, 20))


def test_reading_ahead_again_costs_nothing(engine: Engine) -> None:
    first = engine.read_ahead(code(1, 60))
    assert first.reused_tokens == 0
    again = engine.read_ahead(code(1, 60))
    assert again.reused_tokens == again.prompt_tokens == first.prompt_tokens


def test_reading_ahead_goes_on_after_a_stop(engine: Engine) -> None:
    engine.stop_at_look(3)
    with pytest.raises(Stopped):
        engine.read_ahead(code(1, 20), code(2, 20))
    engine.never_stop()
    assert engine.read_ahead(code(1, 20), code(2, 20)).reused_tokens > 100


def test_what_was_read_ahead_last_is_the_first_to_be_saved(make: Make, tmp_path: Path) -> None:
    first = make(states=str(tmp_path))
    first.read_ahead(code(1, 26), code(2, 26), code(3, 26))
    first.read_ahead(code(1, 26))  # looked at again, with nothing to read
    assert first.loaded.memory.save_one()
    again = make(states=str(tmp_path))
    assert again.done(code(2, 26)).reused_tokens < 64
    assert again.done(code(1, 26)).reused_tokens > 200


def test_only_a_part_of_a_long_prompt_is_read_ahead(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qwlsp.engine.generation.READ_AHEAD_MOST", 200)
    assert engine.read_ahead(code(1, 60)).prompt_tokens == 200
    assert engine.done(code(1, 60)).reused_tokens == 200


@pytest.mark.parametrize(
    ("on_battery", "save_power", "chats"),
    [
        (True, True, 1),
        (True, False, 2),
        (False, True, 2),
    ],
)
def test_on_battery_only_the_first_prompt_is_read_ahead(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    on_battery: bool,
    save_power: bool,
    chats: int,
) -> None:
    monkeypatch.setattr("qwlsp.engine.generation.on_battery", lambda: on_battery)
    engine.read_ahead(code(1, 20), code(2, 20), save_power=save_power)
    reused = [engine.done(code(number, 20)).reused_tokens > 100 for number in (1, 2)]
    assert sum(reused) == chats


def test_nothing_to_read_ahead(engine: Engine) -> None:
    assert engine.read_ahead() == Done(id=1, finish="stop")


# Over restarts


def test_what_was_read_stays_over_a_restart(make: Make, tmp_path: Path) -> None:
    states = str(tmp_path / "states")
    first = make(states=states)
    text, done = first.write(code(1, 60)), first.done(code(1, 60))
    while first.loaded.memory.save_one():
        pass
    second = make(states=states)
    assert second.write(code(1, 60)) == text
    assert make(states=states).done(code(1, 60)).reused_tokens == done.prompt_tokens - 1


def test_a_damaged_state_is_read_anew(make: Make, tmp_path: Path) -> None:
    first = make(states=str(tmp_path / "states"))
    text = first.write(code(1, 60))
    assert first.loaded.memory.save_one()
    [file] = tmp_path.rglob("*.state")
    content = bytearray(file.read_bytes())
    content[-100] ^= 0xFF
    file.write_bytes(content)
    second = make(states=str(tmp_path / "states"))
    assert second.write(code(1, 60)) == text
    assert not file.exists()


def test_no_state_is_kept_where_none_is_wanted(engine: Engine, tmp_path: Path) -> None:
    engine.write(code(1, 60))
    assert not engine.loaded.memory.save_one()
    assert not list(tmp_path.rglob("*.state"))
