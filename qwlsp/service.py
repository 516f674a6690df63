"""Answers questions about code: from what is remembered, with the model, or from the tree.

Knows neither the editor's protocol nor the terminal; both follow the updates it yields.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict, replace

from qwlsp import __version__
from qwlsp.actions import explain
from qwlsp.answers import Answer, Detail, Question, Update, from_cache, to_cache
from qwlsp.asking import Asked, Model, about, ask
from qwlsp.cache import AnswerCache, digest
from qwlsp.documents import Snapshot
from qwlsp.engine.client import EngineClient, State
from qwlsp.engine.messages import EngineConfig, Message
from qwlsp.errors import ModelError
from qwlsp.home import home, models_folder
from qwlsp.models.find import find_model, identity, wanted_models
from qwlsp.settings import Settings
from qwlsp.syntax.scopes import Scope, enclosing


class Service:
    """Answers with the model if there is one, else from the syntax tree."""

    def __init__(self, settings: Settings, *, model: Model | None, cache: AnswerCache) -> None:
        self.settings = settings
        self.model = model
        self._cache = cache

    def remembered(self, snapshot: Snapshot, scope: Scope) -> str | None:
        """The Markdown of the latest explanation of exactly this code, None if there is none."""
        found = self._cache.latest(_subject(snapshot, scope))
        return found["markdown"] if found else None

    async def explain(self, question: Question) -> AsyncGenerator[Update, None]:
        """Explain the function, class or module around the question's span; the Answer comes
        last. Closing the iterator stops the work. Raises QwlspError."""
        scope = enclosing(question.snapshot.tree, question.span)
        if self.model is None:
            markdown = explain.from_structure(scope, detail=question.detail)
            answer = replace(about(question, scope), markdown=markdown)
            self._remember(digest(answer.source, markdown), question, scope, answer)
            yield answer
            return
        asked = Asked.about(question, scope, self.settings)
        key = self._key(asked, self.model)
        if (found := self._recall(key, question, scope)) is not None:
            yield found
            return
        updates = ask(asked, model=self.model, settings=self.settings)
        async with aclosing(updates):
            async for update in updates:
                if isinstance(update, Answer):
                    self._remember(key, question, scope, update)
                yield update

    def _key(self, asked: Asked, model: Model) -> str:
        """Changes with anything that changes the answer."""
        question = asked.question
        return digest(
            __version__,
            identity(model.path),
            asdict(asked.prompt),
            asdict(self.settings.generation),
            question.context_tokens,
            question.continues.written if question.continues else "",
        )

    def chats_ahead(self, question: Question) -> list[list[Message]]:
        """The chats that a person may start about the question's place, the likeliest first.

        They differ in the instruction alone, so all but the first cost only a few tokens.
        Raises QwlspError.
        """
        scope = enclosing(question.snapshot.tree, question.span)
        other: Detail = "full" if question.detail == "brief" else "brief"
        return [
            Asked.about(replace(question, detail=detail), scope, self.settings).messages()
            for detail in (question.detail, other)
        ]

    def _recall(self, key: str, question: Question, scope: Scope) -> Answer | None:
        if not question.use_cache or question.fresh:
            return None
        if (found := self._cache.get(key)) is None:
            return None
        answer = from_cache(found, about(question, scope))
        self._remember(key, question, scope, answer)  # hovers show what was asked for last
        return answer

    def _remember(self, key: str, question: Question, scope: Scope, answer: Answer) -> None:
        if question.use_cache:
            self._cache.put(key, _subject(question.snapshot, scope), to_cache(answer))


def _subject(snapshot: Snapshot, scope: Scope) -> str:
    """What a hover goes by: the code, wherever it stands now."""
    return digest(explain.NAME, scope.qualified_name, snapshot.text.slice(scope.span))


def open_model(
    settings: Settings,
    *,
    current: Model | None = None,
    on_state: Callable[[State], None] = lambda state: None,
) -> Model | None:
    """The model that the settings ask for, `current` if it is still that one; None if there is
    no model on this machine. It is loaded with the first question. Raises ModelError."""
    wanted = wanted_models(settings.model.path, settings.model.name)
    path = find_model(wanted, models_folder())
    if path is None:
        return None
    chosen = settings.model
    config = EngineConfig(
        model_path=str(path),
        gpu_layers=None if chosen.gpu_layers == "auto" else int(chosen.gpu_layers),
        threads=None if chosen.threads == "auto" else int(chosen.threads),
        context_size=chosen.context_size,
        kv_type=None if chosen.kv_type == "auto" else chosen.kv_type,
        memory_limit=chosen.memory_limit_mib << 20 or None,
        states_folder=str(home() / "states"),
        fits_file=str(home() / "fits.json"),
    )
    if current is not None and current.engine.config == config:
        current.engine.unload_after = 60.0 * chosen.unload_after_minutes
        return current
    try:
        engine = EngineClient(config, home=home(), on_state=on_state)
    except OSError as error:
        raise ModelError(f"{home()} can't be used as a folder: {error.strerror}.") from error
    engine.unload_after = 60.0 * chosen.unload_after_minutes
    return Model(path, engine)
