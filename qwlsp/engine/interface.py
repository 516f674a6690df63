"""What answers chats: a worker of this machine, or a server elsewhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from qwlsp.engine.messages import Counted, Event, Generate, Message


class Engine(Protocol):
    """Runs one model. Its methods raise ModelError where the model can't be used, PromptTooLong and
    EngineError."""

    unload_after: float
    """Seconds without a request after which a model of this machine leaves the memory; 0: never."""

    @property
    def name(self) -> str:
        """What people call the model."""

    @property
    def identity(self) -> str:
        """What tells its answers from those of another model. Raises ModelError."""

    @property
    def place(self) -> str:
        """The host that gets to see what is asked; empty for this machine."""

    @property
    def reads_ahead(self) -> bool:
        """Whether prompts may be read before anybody has asked."""

    @property
    def warnings(self) -> list[str]:
        """What it had to do without, e.g. a chat template."""

    async def start(self) -> object:
        """Get ready, if that has not been done."""

    def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """The events of one answer, `Done` last. Closing the iterator cancels the request."""

    async def count(self, texts: list[str], *, roles: list[str], seconds: float) -> Counted:
        """How many tokens the texts have, what a chat of such turns needs besides, and how much is
        read in so many seconds."""

    def read_ahead(
        self, chats: list[list[Message]], *, save_power: bool
    ) -> AsyncGenerator[Event, None]:
        """Read chats in the background, in place of those before. Closing the iterator stops it."""

    def retire(self) -> None:
        """End as soon as the answers in flight have ended."""

    async def close(self) -> None:
        """End now; a later request begins anew."""
