"""Texts and chats to tokens, each text once.

Used by both threads of the worker: counting must not wait for the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from qwlsp.engine.messages import Count, Counted, Message
from qwlsp.engine.pace import Pace
from qwlsp.engine.template import ChatTemplate, Prompt

REMEMBERED = 512
"""Texts: the pieces of some prompts."""
SHORT = 1 << 15
"""Characters of a text that is remembered."""


class ChatTokenizer:
    """The tokens of a model. `tokenize(text, special=...)` is the model's own."""

    def __init__(
        self,
        tokenize: Callable[..., list[int]],
        template: ChatTemplate,
        *,
        pace: Pace,
        context_length: int,
    ) -> None:
        self._tokenize = tokenize
        self._remembering = lru_cache(maxsize=REMEMBERED)(tokenize)
        self._template = template
        self._pace = pace
        self._context_length = context_length

    def tokens(self, text: str, *, special: bool = False) -> list[int]:
        """The tokens of a text. `special`: with markup; only for text that we wrote ourselves."""
        if len(text) > SHORT:
            return self._tokenize(text, special=special)
        return self._remembering(text, special=special)

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The prompt that a chat becomes."""
        return self._template.tokens(messages, self.tokens)

    def count(self, request: Count) -> Counted:
        """What was asked to be counted."""
        markup = self.prompt([Message(role=role, parts=[""]) for role in request.roles])
        return Counted(
            id=request.id,
            tokens=[len(self.tokens(text)) for text in request.texts],
            markup=len(markup.tokens),
            within_wait=self._pace.speed.within(request.seconds),
            context_length=self._context_length,
        )
