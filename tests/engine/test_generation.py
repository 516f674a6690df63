"""One request after the other on a real, tiny model, without a worker process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from qwlsp.backends.llama import AbortFlag, Context, ContextSize, Model
from qwlsp.engine.generation import READ_STEP, Runner
from qwlsp.engine.messages import Done, Event, Generate, Message, Piece, Reading, Sampling
from qwlsp.engine.template import ChatTemplate
from qwlsp.errors import PromptTooLong

GREEDY = Sampling(temperature=0)


class Setup:
    """A runner, and what it was given."""

    def __init__(self, model: Model, limit: int, sequences: int) -> None:
        self.model = model
        self.abort = AbortFlag()
        self.contexts: list[Context] = []
        self.looks = itertools.repeat(False)
        self._sequences = sequences
        self.runner = Runner(
            model,
            ChatTemplate(None),
            self._make_context,
            context_limit=limit,
            must_stop=lambda: next(self.looks),
        )

    def _make_context(self, tokens: int) -> Context:
        rounded = -(-tokens // 1024) * 1024
        size = ContextSize(tokens=rounded, sequences=self._sequences, threads=1)
        self.contexts.append(Context(self.model, size, self.abort))
        return self.contexts[-1]

    def run(
        self, text: str, *, max_tokens: int = 8, start: str = "", context_tokens: int | None = None
    ) -> list[Event]:
        chat = [Message(role="user", parts=[text])]
        request = Generate(
            id=1,
            messages=chat,
            answer_start=start,
            sampling=GREEDY,
            max_tokens=max_tokens,
            context_tokens=context_tokens,
        )
        return list(self.runner.run(request))

    def done(self, text: str, max_tokens: int = 8) -> Done:
        last = self.run(text, max_tokens=max_tokens)[-1]
        assert isinstance(last, Done)
        return last


Make = Callable[..., Setup]


@pytest.fixture
def make(model: Model) -> Iterator[Make]:
    made: list[Setup] = []

    def make_setup(limit: int = 4096, sequences: int = 4) -> Setup:
        made.append(Setup(model, limit, sequences))
        return made[-1]

    yield make_setup
    for setup in made:
        if setup.contexts:
            setup.contexts[-1].close()


def code(number: int, lines: int) -> str:
    """Lines of code that nothing else begins with."""
    return "".join(f"{number}: return value_{n}\n" for n in range(lines))


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Piece))


def test_the_answer_is_the_likeliest_token_after_each(make: Make, model: Model) -> None:
    setup = make()
    events = setup.run("Explain.", max_tokens=30)
    prompt = ChatTemplate(None).tokens([Message(role="user", parts=["Explain."])], model.tokenize)
    context = setup._make_context(1024)
    tokens = list(prompt.tokens)
    context.decode(tokens, start=0, sequence=0)
    for _ in range(30):
        tokens.append(int(context.logits().argmax()))
        context.decode(tokens[-1:], start=len(tokens) - 1, sequence=0)
    setup.contexts.pop().close()
    written = b"".join(map(model.piece, tokens[len(prompt.tokens) :]))
    assert text_of(events) == written.decode("utf-8", "replace")


def test_progress_goes_from_what_was_reused_to_the_whole(make: Make) -> None:
    setup = make()
    readings = [e for e in setup.run(code(1, 100)) if isinstance(e, Reading)]
    total = readings[0].total
    assert [e.read for e in readings] == [*range(0, total, READ_STEP), total]
    again = [e for e in setup.run(code(1, 100)) if isinstance(e, Reading)]
    assert [(e.read, e.reused) for e in again] == [(total - 1, total - 1), (total, total - 1)]
    assert [e.part_tokens is not None for e in again] == [True, False]


def test_an_end_token_ends_the_answer(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = make()
    whole = setup.run("Explain.", max_tokens=12)
    drawn = setup.contexts[0]  # the prompt and all but the last token of the answer are in there
    assert drawn.length(0) == setup.done("Explain.").prompt_tokens + 11
    monkeypatch.setattr(setup.model, "end_tokens", frozenset(range(setup.model.vocabulary_size)))
    ended = setup.run("Explain.", max_tokens=12)
    assert text_of(whole)
    assert text_of(ended) == ""
    assert isinstance(ended[-1], Done)
    assert (ended[-1].finish, ended[-1].output_tokens) == ("stop", 0)


def test_max_tokens_end_the_answer(make: Make) -> None:
    done = make().done("Explain.", max_tokens=5)
    assert (done.finish, done.output_tokens) == ("length", 5)


def test_an_answer_is_the_same_whatever_is_cached(make: Make) -> None:
    setup = make(sequences=2)
    texts = [
        code(n, lines) for n, lines in [(1, 5), (1, 9), (2, 3), (1, 5), (3, 1), (1, 7), (2, 3)]
    ]
    cached = [text_of(setup.run(text, max_tokens=20)) for text in texts]
    fresh = [text_of(make().run(text, max_tokens=20)) for text in texts]
    assert cached == fresh


def test_room_is_made_for_a_new_prompt(make: Make) -> None:
    setup = make(limit=1024)
    prompts = [code(n, 60) for n in range(4)]  # two of them fill the context
    fresh = [text_of(make().run(prompt)) for prompt in prompts]
    assert [text_of(setup.run(prompt)) for prompt in prompts] == fresh
    assert len(setup.contexts) == 1
    assert setup.done(prompts[3]).reused_tokens > 0
    assert setup.done(prompts[0]).reused_tokens < 20


def test_the_context_grows_with_the_need_and_does_not_shrink(make: Make) -> None:
    setup = make()
    for lines in (1, 200, 1):
        setup.run(code(lines, lines))
    sizes = [context.size.tokens for context in setup.contexts]
    assert len(sizes) == 2
    assert sizes[0] == 1024 < sizes[1]


def test_what_was_read_before_a_cancel_is_not_read_again(make: Make) -> None:
    setup = make()
    setup.looks = itertools.chain([False] * 3, itertools.repeat(True))
    cancelled = setup.done(code(1, 100))
    assert (cancelled.finish, cancelled.output_tokens) == ("cancelled", 0)
    setup.looks = itertools.repeat(False)
    assert setup.done(code(1, 100)).reused_tokens == 2 * READ_STEP


def test_an_abort_is_a_cancel_only_if_the_job_is_cancelled(make: Make) -> None:
    setup = make()
    fresh = text_of(make().run("Explain."))

    def look_and_clear() -> Iterator[bool]:
        setup.abort.set()  # too late for the job before this one
        yield False
        while True:
            setup.abort.clear()
            yield False

    setup.looks = itertools.chain([False], look_and_clear())
    assert text_of(setup.run("Explain.")) == fresh


def test_a_job_cancelled_while_it_waited_costs_nothing(make: Make) -> None:
    setup = make()
    setup.looks = itertools.repeat(True)
    [done] = setup.run("Explain.")
    assert isinstance(done, Done)
    assert done.finish == "cancelled"
    assert setup.contexts == []


def test_a_job_cancelled_while_it_writes_keeps_its_words(make: Make) -> None:
    setup = make()
    setup.looks = itertools.chain([False] * 6, itertools.repeat(True))
    events = setup.run("Explain.", max_tokens=50)
    assert isinstance(events[-1], Done)
    assert events[-1].finish == "cancelled"
    assert 0 < events[-1].output_tokens < 50


def test_a_job_given_up_in_the_middle_leaves_the_cache_right(make: Make) -> None:
    setup = make()
    chat = [Message(role="user", parts=[code(1, 100)])]
    events = setup.runner.run(Generate(id=1, messages=chat, sampling=GREEDY, max_tokens=8))
    while not isinstance(next(events), Piece):
        pass
    events.close()  # type: ignore[attr-defined]
    assert text_of(setup.run(code(1, 100))) == text_of(make().run(code(1, 100)))


def test_the_answer_goes_on_after_its_start(make: Make, model: Model) -> None:
    setup = make()
    alone, begun = setup.run("Explain."), setup.run("Explain.", start="It adds <|im_end|>")
    assert isinstance(alone[-1], Done)
    assert isinstance(begun[-1], Done)
    added = len(model.tokenize("It adds <|im_end|>", special=False))
    assert begun[-1].prompt_tokens == alone[-1].prompt_tokens + added
    assert text_of(begun) != text_of(alone)


@pytest.mark.parametrize(
    ("limit", "context_tokens", "expected"),
    [(1024, None, 924), (1024, 50, 50), (1024, 5000, 924)],
)
def test_a_prompt_that_does_not_fit(
    make: Make, limit: int, context_tokens: int | None, expected: int
) -> None:
    true_length = make().done(code(1, 200)).prompt_tokens
    with pytest.raises(PromptTooLong) as caught:
        make(limit).run(code(1, 200), max_tokens=100, context_tokens=context_tokens)
    assert (caught.value.tokens, caught.value.limit) == (true_length, expected)


def test_a_prompt_that_just_fits(make: Make) -> None:
    length = make().done(code(1, 20)).prompt_tokens
    setup = make(limit=length + 8)
    assert isinstance(setup.run(code(1, 20), max_tokens=8, context_tokens=length)[-1], Done)
    with pytest.raises(PromptTooLong):
        setup.run(code(1, 20), max_tokens=9)
    with pytest.raises(PromptTooLong):
        setup.run(code(1, 20), max_tokens=8, context_tokens=length - 1)


def test_all_text_is_whole_characters(make: Make, model: Model) -> None:
    """A piece of an emoji is held back until the rest of it is written."""
    emoji = model.tokenize("🙂", special=False)
    assert len(emoji) > 1
    written = iter([*emoji, *model.tokenize("é", special=False), emoji[0]])
    setup = make()
    setup.runner._model = _Likes(model, written)  # type: ignore[assignment]
    pieces = [e.text for e in setup.run("x", max_tokens=len(emoji) + 3) if isinstance(e, Piece)]
    assert "".join(pieces).startswith("🙂é")
    assert "".join(pieces)[2:] in ("", "�")


class _Likes:
    """The model, but each token it draws counts as the next one of a list."""

    def __init__(self, model: Model, written: Iterator[int]) -> None:
        self._model = model
        self._written = written
        self.end_tokens: frozenset[int] = frozenset()

    def __getattr__(self, name: str) -> object:
        return getattr(self._model, name)

    def piece(self, _token: int) -> bytes:
        return self._model.piece(next(self._written, 0))


def test_logits_of_one_request_do_not_leak_into_the_next(make: Make) -> None:
    setup = make()
    first = text_of(setup.run("One."))
    setup.run("Two.")
    assert text_of(setup.run("One.")) == first
    assert np.isfinite(setup.contexts[0].logits()).all()
