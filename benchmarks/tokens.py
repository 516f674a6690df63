"""Counting in a model's tokens: how long a text is, and which tokens a chat becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qwlsp.backends.llama import Model
from qwlsp.engine.messages import Message
from qwlsp.engine.template import ChatTemplate


class Tokenizer:
    """The vocabulary and the chat template of a GGUF file, used as the engine uses them."""

    def __init__(self, path: Path) -> None:
        self.model = Model(path)
        self._template = ChatTemplate(
            self.model.chat_template,
            begin_text=self.model.begin_text,
            end_text=self.model.end_text,
        )

    def tokens(self, text: str) -> list[int]:
        """The tokens of a text without markup."""
        return self.model.tokenize(text, special=False)

    def at_least(self, count: int) -> Callable[[str], bool]:
        """Whether a text is that long."""
        return lambda text: len(self.tokens(text)) >= count

    def cut(self, text: str, count: int) -> str:
        """The beginning of a text, about that many tokens long."""
        pieces = [self.model.piece(token) for token in self.tokens(text)[:count]]
        return b"".join(pieces).decode("utf-8", "ignore")

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """The tokens that the engine makes of a chat."""
        return self._template.tokens(messages, self.model.tokenize).tokens

    @property
    def markup(self) -> int:
        """Tokens that a chat of one turn has besides its text."""
        return len(self.prompt([Message(role="user", parts=[""])]))

    @property
    def closing(self) -> int:
        """Those of them that follow the text."""
        (mark,) = self.tokens("x")
        return self.prompt([Message(role="user", parts=["x"])])[::-1].index(mark)
