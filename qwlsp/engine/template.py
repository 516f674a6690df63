"""Chat messages to tokens, by the model's own chat template.

The template comes out of a GGUF file and is untrusted: it runs in jinja2's sandbox. The code in
the messages is untrusted too: the template only ever sees placeholders, and the code is put in
their places as tokens, so that no `<|im_end|>` in a source file can end the turn it stands in.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jinja2 import Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from qwlsp.engine.messages import Message

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}<|im_start|>assistant\n"
)
MAX_TEMPLATE = 64 * 1024
"""Characters; real templates have a few thousand."""

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
            self._fall_back("The model has no chat template")
            return
        try:
            if len(source) > MAX_TEMPLATE:
                raise ValueError("it is too long")
            self._template = _compile(source)
            self.pieces([Message(role="system", parts=["x"]), Message(role="user", parts=["y"])])
        except Exception as error:  # an untrusted program may fail in any way
            self._template = _compile(CHATML)
            reason = str(error) or type(error).__name__
            self._fall_back(f"The model's chat template can't be used ({reason[:120]})")

    def _fall_back(self, why: str) -> None:
        self.warning = f"{why}; ChatML is used instead."

    def pieces(self, messages: Sequence[Message]) -> list[str | int]:
        """The rendered chat: markup as text, each message's content as its index.

        Raises ValueError if the template loses or repeats a message.
        """
        mark = secrets.token_hex(8)
        rendered = self._template.render(
            messages=[
                {"role": message.role, "content": f"[{mark}:{index}]"}
                for index, message in enumerate(messages)
            ],
            add_generation_prompt=True,
            **self._variables,
        )
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
                part_tokens = tokenize(part, special=False)
                tokens += part_tokens
                lengths.append(len(part_tokens))
        return Prompt(tokens, lengths)


def _compile(source: str) -> Template:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _raise
    return environment.from_string(source)


def _raise(message: str) -> None:
    raise TemplateError(message)
