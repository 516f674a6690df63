"""Answers written by the tiny model: in a required form, with drafts, and choices weighed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from qwlsp.backends.llama import AbortFlag, Context, ContextSize, Model, Sampler
from qwlsp.engine.constraint import Grammars, Matcher
from qwlsp.engine.drafting import Drafter
from qwlsp.engine.messages import Constraint
from qwlsp.engine.writing import SCORED_AT_ONCE, Writer, choose
from qwlsp.errors import EngineError

PROMPT = "def read_lines(path):\n    return open(path)\n\nExplain what the function does."
REPEATED = "x = 1\n" * 30
FINDINGS = {
    "type": "object",
    "properties": {
        "findings": {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {
                    "line": {"type": "integer", "minimum": 1, "maximum": 400},
                    "severity": {"enum": ["error", "warning", "information"]},
                    "message": {"type": "string", "maxLength": 40},
                },
                "required": ["line", "severity", "message"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["findings"],
    "additionalProperties": False,
}


class OneSequence:
    """The sequence of a context, without anything that makes room or stops."""

    def __init__(self, context: Context, prompt: Sequence[int]) -> None:
        self.tokens = np.zeros(0, np.int32)
        self.read: list[int] = []
        """How many tokens each step has read."""
        self._context = context
        context.truncate(0)
        self.extend(prompt)

    def extend(self, tokens: Sequence[int] | npt.NDArray[np.int32], *, outputs: int = 1) -> None:
        new = np.asarray(tokens, np.int32)
        status = self._context.decode(new, start=len(self.tokens), outputs=outputs)
        assert status == 0
        self.tokens = np.concatenate([self.tokens, new])
        self.read.append(len(new))

    def logits(self, index: int = -1) -> npt.NDArray[np.float32]:
        return self._context.logits(index)

    def draw(self, sampler: Sampler, index: int = -1) -> int:
        return sampler.draw(self._context, index)

    def truncate(self, length: int) -> None:
        self._context.truncate(length)
        self.tokens = self.tokens[:length]
        assert self._context.length == length


class Recorded(Sampler):
    """Says what was recorded, whatever the model scores."""

    def __init__(self, tokens: Sequence[int]) -> None:
        super().__init__(temperature=0, top_p=1, seed=0)
        self._tokens = iter(tokens)

    def draw(self, context: Context, index: int = -1) -> int:
        assert len(context.logits(index))  # what a step is measured for was really done
        return next(self._tokens)


class Foreseen(Drafter):
    """Drafts what is known to be written from position `start` on, with mistakes here and there."""

    def __init__(self, tokens: Sequence[int], start: int) -> None:
        super().__init__()
        self._tokens = list(tokens)
        self._start = start

    def draft(self, tokens: npt.NDArray[np.int32]) -> list[int]:
        done = len(tokens) - self._start
        draft = self._tokens[done : done + 8]
        mistake = done % 10  # right, or wrong at once, or wrong in the middle
        return [token ^ (i == mistake) for i, token in enumerate(draft)]


class Bench:
    """What the tests write with."""

    def __init__(self, model: Model, context: Context) -> None:
        self.model = model
        self.context = context
        self.grammars = Grammars(model)

    def tokens(self, text: str) -> list[int]:
        return self.model.tokenize(text, special=False)

    def sequence(self, prompt: str = PROMPT) -> OneSequence:
        return OneSequence(self.context, self.tokens(prompt))

    def matcher(self, value: dict[str, Any] | str) -> Matcher:
        kind = "regex" if isinstance(value, str) else "json_schema"
        return self.grammars.matcher(Constraint(kind=kind, value=value))

    def writer(
        self, sequence: OneSequence, *, sampler: Sampler | None = None, **options: Any
    ) -> Writer:
        return Writer(
            sequence,
            sampler=sampler or sampler_of(temperature=0),
            piece=self.model.piece,
            end_tokens=self.model.end_tokens,
            **{"max_tokens": 300, **options},
        )

    def written(self, prompt: str = PROMPT, **options: Any) -> tuple[str, Writer]:
        writer = self.writer(self.sequence(prompt), **options)
        return "".join(writer.write()), writer


@pytest.fixture(scope="module")
def bench(model: Model) -> Iterator[Bench]:
    context = Context(model, ContextSize(tokens=2048, threads=1), AbortFlag())
    yield Bench(model, context)
    context.close()


def sampler_of(temperature: float = 1.5, seed: int = 0) -> Sampler:
    return Sampler(temperature=temperature, top_p=1.0, seed=seed)


def is_finding(finding: dict[str, Any]) -> bool:
    return (
        list(finding) == ["line", "severity", "message"]
        and 1 <= finding["line"] <= 400
        and finding["severity"] in ("error", "warning", "information")
        and len(finding["message"]) <= 40
    )


# Free answers.


def test_an_answer_is_the_likeliest_tokens_at_temperature_0(bench: Bench) -> None:
    text, writer = bench.written(max_tokens=20)
    sequence = bench.sequence()
    expected = []
    for _ in range(20):
        expected.append(int(sequence.logits().argmax()))
        sequence.extend(expected[-1:])
    assert text == b"".join(map(bench.model.piece, expected)).decode("utf-8", "replace")
    assert (writer.tokens, writer.finish) == (20, "length")


def test_the_last_token_is_not_read(bench: Bench) -> None:
    sequence = bench.sequence()
    before = len(sequence.tokens)
    "".join(bench.writer(sequence, max_tokens=5).write())
    assert len(sequence.tokens) == before + 4


def test_an_end_token_ends_the_answer(bench: Bench) -> None:
    for end in bench.model.end_tokens:
        recorded = Recorded([*bench.tokens("Yes."), end])
        text, writer = bench.written(sampler=recorded)
        assert (text, writer.finish) == ("Yes.", "stop")
        assert writer.tokens == len(bench.tokens("Yes."))


def test_an_answer_may_be_empty(bench: Bench) -> None:
    text, writer = bench.written(sampler=Recorded([min(bench.model.end_tokens)]))
    assert (text, writer.tokens, writer.finish) == ("", 0, "stop")


def test_characters_of_several_tokens_arrive_whole(bench: Bench) -> None:
    tokens = bench.tokens("a🦉b")
    assert len(tokens) > 3
    writer = bench.writer(bench.sequence(), sampler=Recorded(tokens), max_tokens=len(tokens))
    assert list(writer.write()) == ["a", "🦉", "b"]


def test_half_a_character_at_the_end_is_replaced(bench: Bench) -> None:
    tokens = bench.tokens("a🦉")[:-1]
    text, _ = bench.written(sampler=Recorded(tokens), max_tokens=len(tokens))
    assert text == "a\N{REPLACEMENT CHARACTER}"


def test_counts_keep_step_with_the_text(bench: Bench) -> None:
    tokens = bench.tokens("Yes, it does.")
    writer = bench.writer(bench.sequence(), sampler=Recorded(tokens), max_tokens=len(tokens))
    seen = [(writer.tokens, text) for text in writer.write()]
    assert [count for count, _ in seen] == list(range(1, len(tokens) + 1))


# Answers in a required form.


def test_every_answer_is_a_valid_document(bench: Bench) -> None:
    lengths = set()
    for seed in range(200):
        text, writer = bench.written(
            sampler=sampler_of(seed=seed), matcher=bench.matcher(FINDINGS), max_tokens=600
        )
        answer = json.loads(text)
        assert list(answer) == ["findings"]
        assert 1 <= len(answer["findings"]) <= 3
        assert all(map(is_finding, answer["findings"]))
        assert writer.finish == "stop"
        lengths.add(len(answer["findings"]))
    assert len(lengths) > 1


def test_the_same_seed_gives_the_same_document(bench: Bench) -> None:
    def written(seed: int) -> str:
        return bench.written(sampler=sampler_of(seed=seed), matcher=bench.matcher(FINDINGS))[0]

    assert written(1) == written(1)
    assert len({written(seed) for seed in range(5)}) > 1


@pytest.mark.parametrize(
    "pattern", ["(yes|no)", "[a-z]{3,8}", r"line [0-9]{1,3}: [^\n]{5,20}\.", "é+"]
)
def test_every_answer_matches_the_expression(bench: Bench, pattern: str) -> None:
    for seed in range(20):
        matcher = bench.matcher(pattern)
        text, _ = bench.written(sampler=sampler_of(seed=seed), matcher=matcher, max_tokens=60)
        assert re.fullmatch(pattern, text)


def test_forced_tokens_are_counted_and_read_in_one_step(bench: Bench) -> None:
    sequence = bench.sequence()
    writer = bench.writer(sequence, matcher=bench.matcher("def read_lines[(]x[)]: (is|in)"))
    steps = len(sequence.read)
    text = "".join(writer.write())
    assert text.startswith("def read_lines(x):")
    assert writer.forced >= len(bench.tokens("def read_lines(x):")) - 1
    assert writer.tokens - writer.forced <= 3
    assert sequence.read[steps] == writer.forced
    assert len(sequence.read) - steps == writer.tokens - writer.forced


def test_an_answer_without_any_choice_is_not_read_at_all(bench: Bench) -> None:
    sequence = bench.sequence()
    writer = bench.writer(sequence, matcher=bench.matcher("return None"))
    assert "".join(writer.write()) == "return None"
    assert (writer.tokens, writer.finish) == (writer.forced, "stop")
    assert len(sequence.read) == 1


def test_forced_tokens_are_not_asked_for(bench: Bench) -> None:
    matcher = bench.matcher("return [01];")
    [one] = bench.tokens("1")
    text, writer = bench.written(sampler=Recorded([one]), matcher=matcher)
    assert text == "return 1;"
    assert writer.forced == writer.tokens - 1


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_an_unfinished_document_is_an_error(bench: Bench, limit: int) -> None:
    with pytest.raises(EngineError, match=rf"^The answer was not complete after {limit} tokens\.$"):
        bench.written(matcher=bench.matcher(FINDINGS), max_tokens=limit)


def test_an_answer_cut_between_two_tokens_is_an_error_too(bench: Bench) -> None:
    tokens = bench.tokens("12345")
    assert len(tokens) == 5
    with pytest.raises(EngineError, match="not complete after 3 tokens"):
        bench.written(sampler=Recorded(tokens), matcher=bench.matcher("[0-9]{5}"), max_tokens=3)


def test_forced_tokens_do_not_go_over_the_limit(bench: Bench) -> None:
    size = len(bench.tokens("return None"))
    text, writer = bench.written(matcher=bench.matcher("return None"), max_tokens=size)
    assert (text, writer.finish) == ("return None", "stop")
    with pytest.raises(EngineError, match="not complete"):
        bench.written(matcher=bench.matcher("return None"), max_tokens=size - 1)


def test_an_answer_that_may_end_may_be_cut(bench: Bench) -> None:
    [a] = bench.tokens("a")
    text, writer = bench.written(
        sampler=Recorded([a] * 5), matcher=bench.matcher("a+"), max_tokens=5
    )
    assert (text, writer.finish) == ("aaaaa", "length")


# Drafts.


def test_drafts_do_not_change_what_is_written(bench: Bench) -> None:
    plain, without = bench.written(REPEATED, max_tokens=120)
    drafted, writer = bench.written(REPEATED, max_tokens=120, drafter=Drafter(right=1.0))
    assert drafted == plain
    assert writer.tokens == without.tokens
    assert writer.drafted >= writer.accepted
    assert writer.drafted > 0


@pytest.mark.parametrize("temperature", [0, 0.8])
@pytest.mark.parametrize("form", [None, FINDINGS, "[a-z =]{20,40}"], ids=["any", "JSON", "regex"])
def test_right_and_wrong_drafts_do_not_change_what_is_written(
    bench: Bench, temperature: float, form: dict[str, Any] | str | None
) -> None:
    def write(seed: int, drafter: Drafter | None) -> tuple[str, list[int], Writer]:
        sequence = bench.sequence()
        matcher = bench.matcher(form) if form else None
        sampler = sampler_of(temperature, seed)
        writer = bench.writer(sequence, sampler=sampler, matcher=matcher, drafter=drafter)
        return "".join(writer.write()), sequence.tokens[start:].tolist(), writer

    start = len(bench.sequence().tokens)
    drafted = accepted = 0
    for seed in range(8):
        text, tokens, plain = write(seed, None)
        same_text, same_tokens, writer = write(seed, Foreseen(tokens, start))
        assert same_text == text
        assert same_tokens == tokens[: len(same_tokens)]  # forced ones at the end need no reading
        for field in ("finish", "tokens", "forced"):
            assert getattr(writer, field) == getattr(plain, field)
        drafted, accepted = drafted + writer.drafted, accepted + writer.accepted
    assert drafted > accepted > 0


def test_copied_text_takes_few_steps(bench: Bench) -> None:
    text = "".join(f"value_{i} = compute({i} + {i * 7})\n" for i in range(12))
    tokens = [*bench.tokens(text), min(bench.model.end_tokens)]
    sequence = bench.sequence(text + "\nagain:\n")
    writer = bench.writer(sequence, sampler=Recorded(tokens), drafter=Drafter())
    steps = len(sequence.read)
    assert "".join(writer.write()) == text
    assert writer.finish == "stop"
    assert len(sequence.read) - steps < len(tokens) / 4
    assert writer.accepted > 0.7 * writer.tokens
    assert sequence.tokens.tolist()[-writer.tokens :] == tokens[:-1]


def test_rejected_drafts_are_forgotten(bench: Bench) -> None:
    source = bench.tokens("one two three four five six seven eight")
    answer = [*source[:6], *bench.tokens(" and then something else")]
    sequence = OneSequence(bench.context, source * 2)
    prompt = len(sequence.tokens)
    writer = bench.writer(
        sequence,
        sampler=Recorded(answer),
        max_tokens=len(answer),
        drafter=Drafter(right=1.0, token_cost=0),
    )
    "".join(writer.write())
    assert writer.drafted > writer.accepted
    assert sequence.tokens.tolist()[prompt:] == answer[:-1]


def test_drafts_stop_at_the_limit(bench: Bench) -> None:
    text = "alpha beta gamma delta\n" * 6
    tokens = bench.tokens(text)
    for limit in range(1, 12):
        _, writer = bench.written(
            text,
            sampler=Recorded(tokens),
            max_tokens=limit,
            drafter=Drafter(right=1.0, token_cost=0),
        )
        assert writer.tokens == limit
        assert writer.finish == "length"


def test_no_draft_goes_on_where_it_breaks_the_form(bench: Bench) -> None:
    tokens = bench.tokens("12345")
    sequence = bench.sequence()
    wrong = [*tokens[:3], *bench.tokens("xy"), *tokens[3:]]
    writer = bench.writer(
        sequence,
        sampler=Recorded(tokens),
        matcher=bench.matcher("[0-9]{5}"),
        drafter=Foreseen(wrong, len(sequence.tokens)),
    )
    assert "".join(writer.write()) == "12345"
    assert (writer.drafted, writer.accepted) == (2, 1)  # "2" and a mistake, but no letter


def test_an_end_token_that_was_drafted_ends_the_answer(bench: Bench) -> None:
    end = min(bench.model.end_tokens)
    turn = [*bench.tokens("one two three four"), end]
    sequence = OneSequence(bench.context, [*turn, *turn])
    writer = bench.writer(
        sequence, sampler=Recorded(turn), drafter=Drafter(right=1.0, token_cost=0)
    )
    assert "".join(writer.write()) == "one two three four"
    assert (writer.tokens, writer.finish) == (len(turn) - 1, "stop")
    assert end not in sequence.tokens.tolist()[2 * len(turn) :]


# Choices.


def by_hand(bench: Bench, choices: list[str]) -> dict[str, float]:
    """One token at a time, in plain arithmetic."""
    products = []
    for choice in choices:
        sequence = bench.sequence()
        product = 1.0
        for token in bench.tokens(choice):
            scores = sequence.logits().astype(np.float64)
            product *= float(np.exp(scores[token]) / np.exp(scores).sum())
            sequence.extend([token])
        if any(other != choice and is_beginning(bench, choice, other) for other in choices):
            scores = sequence.logits().astype(np.float64)
            ends = [*bench.model.end_tokens]
            product *= float(np.exp(scores[ends]).sum() / np.exp(scores).sum())
        products.append(product)
    return {choice: p / sum(products) for choice, p in zip(choices, products, strict=True)}


def is_beginning(bench: Bench, choice: str, other: str) -> bool:
    tokens = bench.tokens(choice)
    return bench.tokens(other)[: len(tokens)] == tokens


@pytest.mark.parametrize(
    "choices",
    [
        ["a", "b", "c"],
        ["return", "raise", "keep it as it is"],
        ["line 1", "line 2", "line 30"],
        ["a", "a b", "a b c", "d"],
        ["x" * (SCORED_AT_ONCE * 2 + 3), "x" * (SCORED_AT_ONCE + 1) + "y", "z"],
        ["only one of them"],
    ],
    ids=lambda choices: choices[0][:12],
)
def test_choices_have_the_probability_of_their_tokens(bench: Bench, choices: list[str]) -> None:
    expected = by_hand(bench, choices)
    weighed = choose(
        bench.sequence(), {c: bench.tokens(c) for c in choices}, bench.model.end_tokens
    )
    assert list(weighed) == choices
    assert sum(weighed.values()) == pytest.approx(1)
    assert weighed == pytest.approx(expected, rel=1e-3)


def test_choices_of_one_token_read_nothing(bench: Bench) -> None:
    sequence = bench.sequence()
    choose(sequence, {c: bench.tokens(c) for c in "abc"}, bench.model.end_tokens)
    assert len(sequence.read) == 1


def test_choices_leave_the_sequence_as_it_was(bench: Bench) -> None:
    sequence = bench.sequence()
    before = sequence.tokens.tolist()
    choices = {c: bench.tokens(c) for c in ("return", "raise an error")}
    choose(sequence, choices, bench.model.end_tokens)
    assert sequence.tokens.tolist() == before


@pytest.mark.parametrize("choices", [{}, {"a": [97], "": []}])
def test_there_must_be_something_to_choose(bench: Bench, choices: dict[str, list[int]]) -> None:
    with pytest.raises(EngineError, match="at least one choice, and none may be empty"):
        choose(bench.sequence(), choices, bench.model.end_tokens)
