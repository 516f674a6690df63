"""One answer of a server: asked for in a form that it understands, followed, checked."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

from qwlsp.engine.messages import Constraint, Done, Event, Piece
from qwlsp.errors import EngineError
from qwlsp.remote import forms
from qwlsp.remote.server import ServerConfig
from qwlsp.remote.transport import Refused, Transport, silence

LONGEST_TOKEN = 64
"""Characters: an answer longer than so many for each token that was asked for has no end."""
MOST_SCORED = 64
"""Tokens whose scores are kept: the first one that says anything is all that counts."""
MOST_TOKENS = 1 << 24
"""That a server may have counted: no context holds so many."""
HALF_CHARACTERS = re.compile("[\ud800-\udfff]")
"""What JSON may hold of characters beyond U+FFFF, but no other encoding."""
REFUSALS = (400, 415, 422, 500, 501)
"""Statuses of servers that do not know what is asked of them."""


@dataclass
class Asked:
    """One request `body`, and what has come back of it."""

    transport: Transport
    config: ServerConfig
    body: dict[str, Any]
    understood: dict[str, int]
    """For each kind of answer, the first variant that the server has not refused so far."""
    text: str = ""
    pieces: int = 0
    finish: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    scored: list[Mapping[str, Any]] = field(default_factory=list)
    first_after: float = 0.0
    """Seconds until the first word."""

    async def free(self) -> AsyncGenerator[Event, None]:
        """The answer as it is written."""
        async with aclosing(self._sent(self.body, forms.variants(None), "free")) as pieces:
            async for text in pieces:
                yield Piece(id=0, text=text, tokens=self.pieces)
        yield self._done()

    async def formed(self, constraint: Constraint) -> AsyncGenerator[Event, None]:
        """The answer when it is complete, checked; asked once more if it does not have the form.
        Raises EngineError if it does not have it then either."""
        if constraint.kind == "choices":
            likely = await self._chosen(constraint)
            text = max(likely, key=likely.__getitem__)
        else:
            likely = None
            text = await self._checked(constraint)
        yield Piece(id=0, text=text, tokens=self.pieces)
        yield replace(self._done(), finish="stop", probabilities=likely)

    async def _checked(self, constraint: Constraint) -> str:
        body, asked = self.body, forms.instruction(constraint)
        for _attempt in range(2):
            await self._all(body, forms.variants(constraint), constraint.kind, asked=asked)
            if (found := forms.checked(self.text, constraint)) is not None:
                return found
            again = f"That is not what was asked for. {forms.instruction(constraint)}"
            body = _with(self.body, ("assistant", self.text), ("user", again.strip()))
            asked = ""  # `again` says so
        raise EngineError(f"The answer of {self.config.host} does not have the required form.")

    async def _chosen(self, constraint: Constraint) -> dict[str, float]:
        choices = list(constraint.value)
        asked = forms.instruction(constraint)
        await self._all(self.body, forms.variants(constraint), constraint.kind, asked=asked)
        found = forms.probabilities(self.text, self.scored, choices)
        if found is not None:
            return found
        body = _with(self.body, ("user", forms.choice_instruction(choices)))
        body["max_tokens"] = 4 * self.body["max_tokens"]  # the form takes some
        await self._all(body, forms.choice_variants(choices), "choice")
        if (chosen := forms.checked_choice(self.text, choices)) is None:
            raise EngineError(f"{self.config.host} did not choose one of: {', '.join(choices)}.")
        return {choice: float(choice == chosen) for choice in choices}

    async def _all(
        self,
        body: dict[str, Any],
        variants: Sequence[Mapping[str, Any]],
        kind: str,
        *,
        asked: str = "",
    ) -> None:
        """Read a whole answer into `text`; `asked` says in words what it should be."""
        self.text, self.scored = "", []
        async with aclosing(self._sent(body, variants, kind, asked)) as pieces:
            async for _ in pieces:
                pass

    async def _sent(
        self,
        body: dict[str, Any],
        variants: Sequence[Mapping[str, Any]],
        kind: str,
        asked: str = "",
    ) -> AsyncGenerator[str, None]:
        """The pieces of the answer to the first variant that the server takes, with `asked` where
        that does not hold it to a form by itself."""
        last = len(variants) - 1
        for index in range(min(self.understood.get(kind, 0), last), last + 1):
            variant = variants[index]
            said = _with(body, ("user", asked)) if "response_format" not in variant else body
            try:
                async with aclosing(self._followed({**said, **variant})) as pieces:
                    async for text in pieces:
                        yield text
                self.understood[kind] = index
                return
            except Refused as error:
                if index == last or error.status not in REFUSALS:
                    raise

    async def _followed(self, body: dict[str, Any]) -> AsyncGenerator[str, None]:
        self.finish = ""
        began = heard = time.monotonic()
        longest = LONGEST_TOKEN * int(body["max_tokens"])
        async with aclosing(self.transport.stream(body)) as events:
            async for event in events:
                now = time.monotonic()
                if text := self._take(event):
                    self.first_after = self.first_after or now - began
                    heard = now
                    self.text += text
                    self.pieces += 1
                    yield text
                elif now - heard > self.config.timeout:  # it speaks, but says nothing
                    raise EngineError(silence(self.config))
                if len(self.text) > longest:
                    self.finish = "length"
                    return
        if not self.finish:
            raise EngineError(f"{self.config.host} broke off in the middle of the answer.")

    def _take(self, event: Mapping[str, Any]) -> str:
        """The text of an event; what else it has is kept."""
        if _is_map(usage := event.get("usage")):
            self.usage = usage
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not _is_map(choice):
            return ""
        finish = choice.get("finish_reason")
        self.finish = finish if isinstance(finish, str) else self.finish
        scores = choice.get("logprobs")
        content = scores.get("content") if _is_map(scores) else None
        if isinstance(content, list) and len(self.scored) < MOST_SCORED:
            self.scored += [each for each in content if _is_map(each)]
        delta = choice.get("delta")
        text = delta.get("content") if _is_map(delta) else None
        return HALF_CHARACTERS.sub("\ufffd", text) if isinstance(text, str) else ""

    def _done(self) -> Done:
        details = self.usage.get("prompt_tokens_details")
        return Done(
            id=0,
            finish="length" if self.finish == "length" else "stop",
            prompt_tokens=_number(self.usage.get("prompt_tokens")),
            reused_tokens=_number(details.get("cached_tokens") if _is_map(details) else None),
            output_tokens=_number(self.usage.get("completion_tokens")) or self.pieces,
        )


def _with(body: Mapping[str, Any], *turns: tuple[str, str]) -> dict[str, Any]:
    """A request with more turns, where they say anything; two of a person's in a row become one,
    as templates want it."""
    messages = [dict(each) for each in body["messages"]]
    for role, text in turns:
        if not text:
            continue
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += f"\n\n{text}"
        else:
            messages.append({"role": role, "content": text})
    return {**body, "messages": messages}


def _number(value: object) -> int:
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else 0


def _is_map(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)
