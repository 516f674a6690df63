"""An engine that is a server elsewhere: what `engine.client` does with a worker, over HTTP.

The server's tokenizer is not here, so tokens are estimated, rather too many than too few; the
server counts them in the end. Nothing is read ahead: no code leaves before a person has asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qwlsp import prompts
from qwlsp.engine.messages import (
    Counted,
    Done,
    Event,
    Generate,
    Message,
    Reading,
    longest_prompt,
)
from qwlsp.engine.pace import Pace, Speed
from qwlsp.errors import EngineError, PromptTooLong
from qwlsp.remote.server import ServerConfig

if TYPE_CHECKING:
    from qwlsp.remote.answering import Asked
    from qwlsp.remote.transport import Transport

BYTES_A_TOKEN = 3
"""Of code; fewer than there are, so that a prompt is never longer than it seems."""
NOT_FOUND = 404
MARKUP = 8
"""Tokens that a turn of a chat needs besides its text."""
FAST = Speed(1 / 2000, 0.0)
"""Of a server that is not this machine, until it has been seen at work."""


class RemoteEngine:
    """One server."""

    reads_ahead = False
    unload_after = 0.0

    def __init__(self, config: ServerConfig) -> None:
        self.warnings: list[str] = []
        self._config = config
        self._model = config.model
        self._context_length = config.context_size
        self._starting: asyncio.Task[Transport] | None = None
        self._transport: Transport | None = None
        self._is_known = False
        self._pace = Pace(None if config.is_local else FAST)
        self._understood: dict[str, int] = {}
        self._active = 0
        self._retired = False
        self._closing: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """Of the model, and where it is."""
        return f"{self._model or 'a model'} at {self._config.host}"

    @property
    def identity(self) -> str:
        """What tells its answers from those of other models."""
        return f"{self._config.base_url} {self._model}"

    @property
    def place(self) -> str:
        """Where what is asked goes, if that is not this machine."""
        return "" if self._config.is_local else self._config.host

    async def start(self) -> None:
        """Find out which model there is. Raises EngineError."""
        with self._in_use():
            await self._ready()

    async def count(self, texts: list[str], *, roles: list[str], seconds: float) -> Counted:
        """Tokens, estimated. Raises EngineError."""
        await self.start()
        return Counted(
            id=0,
            tokens=[_tokens(text) for text in texts],
            markup=MARKUP * (len(roles) + 1),
            within_wait=self._pace.speed.within(seconds),
            context_length=self._context_length,
        )

    async def read_ahead(
        self, chats: list[list[Message]], *, save_power: bool
    ) -> AsyncGenerator[Event, None]:
        """Nothing: no code is sent before a person asks."""
        del chats, save_power
        yield Done(id=0, finish="stop")

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """The events of one answer, `Done` last; closing the iterator closes the stream. Raises
        PromptTooLong and EngineError."""
        with self._in_use():
            try:
                async with aclosing(self._answered(request)) as events:
                    async for event in events:
                        yield event
            except EngineError as error:
                if getattr(error, "status", None) == NOT_FOUND:
                    self._is_known = False  # it may have another model now
                raise

    def retire(self) -> None:
        """Close the connections as soon as the answers in flight have ended."""
        self._retired = True
        self._rest()

    async def close(self) -> None:
        """Let go of the connections; a later request makes new ones."""
        if self._starting is not None:
            self._starting.cancel()
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        self._active += 1
        try:
            yield
        finally:
            self._active -= 1
            self._rest()

    def _rest(self) -> None:
        if self._retired and not self._active:
            self._closing = asyncio.create_task(self.close())

    async def _answered(self, request: Generate) -> AsyncGenerator[Event, None]:
        from qwlsp.remote.answering import Asked

        transport = await self._ready()
        limit = longest_prompt(self._context_length, request.max_tokens)
        limit = min(limit, request.context_tokens or limit)
        chat, index = self._choose(request, limit)
        said = [*chat, *_begun(request)]
        total = _length(said)
        if total > limit:
            raise PromptTooLong(total, limit)
        yield Reading(
            id=0,
            read=0,
            total=total,
            reused=0,
            seconds_left=self._pace.speed.duration(0, total),
            part_tokens=[_tokens(_text(part)) for each in chat for part in each.parts],
            chat=index,
        )
        most = min(request.max_tokens, self._context_length - total)
        body = _body(request, said, model=self._model, max_tokens=most)
        asked = Asked(transport, self._config, body, self._understood)
        answers = asked.formed(request.constraint) if request.constraint else asked.free()
        async with aclosing(answers):
            async for event in answers:
                yield self._learned(event, total, asked) if isinstance(event, Done) else event

    def _choose(self, request: Generate, limit: int) -> tuple[list[Message], int | None]:
        """The richest chat that is read in the time that the person waits."""
        for index, chat in enumerate(request.richer):
            length = _length(chat)
            if length <= limit and self._pace.speed.duration(0, length) <= request.wait_seconds:
                return chat, index
        return request.messages, None

    def _learned(self, done: Done, estimated: int, asked: Asked) -> Done:
        """What the server has counted; how fast it was is remembered."""
        prompt = done.prompt_tokens or estimated
        reused = min(done.reused_tokens, prompt)
        self._pace.observe(prompt - reused, depth=reused, seconds=asked.first_after)
        return replace(done, prompt_tokens=prompt, reused_tokens=reused)

    async def _ready(self) -> Transport:
        """The connections. Whoever comes while the person or the server is asked gets that answer
        too."""
        if self._transport is not None and self._is_known:
            return self._transport
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(_retrieve)
        return await asyncio.shield(self._starting)

    async def _start(self) -> Transport:
        from qwlsp.remote.transport import Transport  # takes time and memory to import

        transport = self._transport or Transport(self._config)
        try:
            self._take_over(await transport.models())
        except BaseException:
            if transport is not self._transport:
                await transport.close()
            raise
        self._transport, self._is_known = transport, True
        return transport

    def _take_over(self, offered: list[dict[str, Any]]) -> None:
        """Which of the models it is, and how much it can read."""
        models = {each["id"]: each for each in offered if _is_name(each.get("id"))}
        self._model = self._config.model or next(iter(models), "")
        if not self._model:
            raise EngineError(f"{self._config.host} offers no model.")
        chosen = models.get(self._model, {})
        meta = chosen.get("meta")
        own = meta.get("n_ctx") if isinstance(meta, dict) else None  # llama-server's
        for told in (chosen.get("max_model_len"), own):  # the first is vLLM's
            if type(told) is int and told > 0:
                self._context_length = min(told, self._config.context_size)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and value.strip() != ""


def _begun(request: Generate) -> list[Message]:
    """The turns that make a server go on with an answer."""
    if not request.answer_start:
        return []
    go_on = prompts.load("go_on").substitute()
    turns = [("assistant", request.answer_start), ("user", go_on)]
    return [Message(role=role, parts=[text]) for role, text in turns]


def _retrieve(task: asyncio.Task[Transport]) -> None:
    """Whoever waited for it may have gone."""
    if not task.cancelled():
        task.exception()


def _body(
    request: Generate, chat: Sequence[Message], *, model: str, max_tokens: int
) -> dict[str, Any]:
    """The server's words for a request."""
    turns = [(each.role, "".join(map(_text, each.parts))) for each in chat]
    sampling = request.sampling
    return {
        "model": model,
        "messages": [{"role": role, "content": text} for role, text in turns],
        "max_tokens": max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
    }


def _length(chat: Sequence[Message]) -> int:
    texts = [_text(part) for each in chat for part in each.parts]
    return sum(map(_tokens, texts)) + MARKUP * (len(chat) + 1)


def _tokens(text: str) -> int:
    return -(-len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN)


def _text(part: str | list[int]) -> str:
    return part if isinstance(part, str) else ""  # tokens are those of a model of our own
