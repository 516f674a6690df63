"""Chat messages to tokens, by the model's own chat template.

The template comes out of a GGUF file and is untrusted: it runs in jinja2's sandbox. The code in
the messages is untrusted too: the template only ever sees placeholders, and the code is put in
their places as tokens, so that no `<|im_end|>` in a source file can end the turn it stands in.
"""

from __future__ import annotations

import itertools
import re
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from jinja2 import Template, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from qwlsp.engine.messages import Message

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{{ '<|im_start|>assistant\n' }}"  # unquoted, jinja drops the line break
)
MAX_TEMPLATE = 64 * 1024
"""Characters of a template, and of what it writes; real ones have a few thousand."""
MAX_STEPS = 100_000
"""Lines of Python that a template may run through; real ones need some hundred for a chat."""
MAX_FACTOR = 1000
"""The largest number, or longest text, that a template may multiply."""

Tokenize = Callable[..., list[int]]


@dataclass(frozen=True)
class Prompt:
    """A tokenized chat. `part_tokens`: the length of each part of the messages, in order."""

    tokens: list[int]
    part_tokens: list[int]


class ChatTemplate:
    """Renders messages as the model was trained to read them. `warning` says if it can't."""

    def __init__(self, source: str | None, *, begin_text: str = "", end_text: str = "") -> None:
        self.warning: str | None = None
        self._variables = {"bos_token": begin_text, "eos_token": end_text}
        self._template = _compile(CHATML)
        if source is None:
            self.warning = "The model has no chat template; ChatML is used instead."
            return
        try:
            if len(source) > MAX_TEMPLATE:
                raise ValueError("it is too long")
            self._template = _compile(source)
        except Exception as error:  # whatever a hostile text can do to a compiler
            self._fall_back(error)
        self.pieces([Message(role="system", parts=["x"]), Message(role="user", parts=["y"])])

    def _fall_back(self, error: Exception) -> None:
        reason = (str(error) or type(error).__name__)[:120]
        why = f"The model's chat template can't be used ({reason})"
        self.warning = f"{why}; ChatML is used instead."
        self._template = _compile(CHATML)

    def pieces(self, messages: Sequence[Message]) -> list[str | int]:
        """The rendered chat: markup as text, each message's content as its index."""
        try:
            return self._render(messages)
        except Exception as error:  # an untrusted program may fail in any way, and at any chat
            self._fall_back(error)
            return self._render(messages)

    def _render(self, messages: Sequence[Message]) -> list[str | int]:
        mark = secrets.token_hex(8)
        with _limited_steps():
            rendered = self._template.render(
                messages=[
                    {"role": message.role, "content": f"[{mark}:{index}]"}
                    for index, message in enumerate(messages)
                ],
                add_generation_prompt=True,
                **self._variables,
            )
        if len(rendered) > MAX_TEMPLATE:
            raise ValueError("it writes too much")
        pieces = re.split(rf"\[{mark}:(\d+)\]", rendered)
        places = [int(index) for index in pieces[1::2]]
        if places != list(range(len(messages))):
            raise ValueError("it does not keep the messages in order")
        return [int(piece) if n % 2 else piece for n, piece in enumerate(pieces)]

    def tokens(self, messages: Sequence[Message], tokenize: Tokenize) -> Prompt:
        """The prompt of a chat. `tokenize(text, special=...)` is the model's."""
        tokens: list[int] = []
        lengths: list[int] = []
        for piece in self.pieces(messages):
            if isinstance(piece, str):
                tokens += tokenize(piece, special=True) if piece else []
                continue
            for part in messages[piece].parts:
                part_tokens = tokenize(part, special=False) if isinstance(part, str) else part
                tokens += part_tokens
                lengths.append(len(part_tokens))
        return Prompt(tokens, lengths)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox; `9 ** 9 ** 9` and `"x" * 9 ** 9` would take all the time and memory."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        sizes = [value if isinstance(value, int) else len(value) for value in (left, right)]
        if operator == "**" or max(sizes) > MAX_FACTOR:
            raise SecurityError("it multiplies too much")
        return super().call_binop(context, operator, left, right)


@contextmanager
def _limited_steps() -> Iterator[None]:
    """Jinja's loops have no other limit than what Python's tracing gives them."""
    steps = itertools.count()

    def trace(_frame: FrameType, _event: str, _argument: object) -> Any:
        if next(steps) > MAX_STEPS:
            raise TemplateError("it takes too long")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def _compile(source: str) -> Template:
    environment = _Sandbox(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _raise
    return environment.from_string(source)


def _raise(message: str) -> None:
    raise TemplateError(message)
