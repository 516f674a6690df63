"""Answers questions about code: from what is remembered, with the model, or from the tree.

Knows neither the editor's protocol nor the terminal; both follow the updates it yields.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict, replace

from qwlsp import __version__
from qwlsp.actions import ask, explain
from qwlsp.answers import Answer, Detail, Question, Turn, Update, from_cache, to_cache
from qwlsp.asking import Choice, Model, about
from qwlsp.asking import ask as ask_model
from qwlsp.bugs.dismissed import Dismissed
from qwlsp.cache import AnswerCache, digest
from qwlsp.context.gather import Company, Place, gather
from qwlsp.context.prompt import Prompt
from qwlsp.conversion import table
from qwlsp.deciding import make_code_async
from qwlsp.documents import Snapshot
from qwlsp.engine.messages import Message
from qwlsp.home import dismissed_file, home
from qwlsp.inspecting import find_bugs
from qwlsp.markdown import sanitize
from qwlsp.preparing import Asked
from qwlsp.settings import Settings
from qwlsp.syntax.scopes import Scope
from qwlsp.workspace.view import Workspace

FOUND = 6
"""Places that a search adds to what a question about some code is about."""
FOUND_EVERYWHERE = 20
"""Places for a question about the whole workspace."""


class Service:
    """Answers with the model if there is one, else from what the tree and the index know."""

    def __init__(
        self,
        settings: Settings,
        *,
        model: Model | None,
        cache: AnswerCache,
        files: Callable[[], Workspace],
    ) -> None:
        """`files` gives the workspace as it is now: people open and close folders."""
        self.settings = settings
        self.model = model
        self._files = files
        self._cache = cache
        self.dismissed = Dismissed(dismissed_file())

    def remembered(self, snapshot: Snapshot, scope: Scope) -> str | None:
        """The Markdown of the latest answer about exactly this code, None if there is none."""
        found = self._cache.latest(_subject(snapshot, scope))
        return found["heading"] + found["markdown"] if found else None

    async def answer(self, question: Question) -> AsyncGenerator[Update, None]:
        """Explain the function, class, block or file around the question's span, or answer the
        question about it; the Answer comes last. Closing the iterator stops the work. Raises
        QwlspError."""
        if question.action in ("make-async", "find-bug"):
            about_code = self._make_async if question.action == "make-async" else self._find_bugs
            async with aclosing(about_code(question)) as updates:
                async for update in updates:
                    yield update
            return
        asked, model = self.asked(question), self.model
        if model is None:
            answer = self._without_model(asked)
            self._remember(digest(answer.source, answer.markdown), asked, answer)
            yield answer
            return
        await model.admit(question.file)
        key = self._key(asked, model)
        if (found := self._recall(key, asked)) is not None:
            yield found
            return
        started = time.monotonic()
        prompts = await model.preparer.prepare(asked)
        answers = ask_model(Choice(prompts, model, started), asked.settings)
        async with aclosing(answers):
            async for update in answers:
                if isinstance(update, Answer):
                    self._remember(key, asked, update)
                yield update

    def _make_async(self, question: Question) -> AsyncGenerator[Update, None]:
        scope = question.snapshot.scope_at(question.span)
        added = table.load(home() / "async.toml")
        return make_code_async(question, scope, self._files(), added, self.settings, self.model)

    def _find_bugs(self, question: Question) -> AsyncGenerator[Update, None]:
        scope = question.snapshot.scope_at(question.span)
        return find_bugs(question, scope, self.settings, self.model, self.dismissed)

    def asked(self, question: Question) -> Asked:
        """The question with the code it is about, and all that may stand around that."""
        scope = question.snapshot.scope_at(question.span)
        company = Company()
        earlier: Prompt | None = None
        turns: tuple[Turn, ...] = ()
        if question.follows is not None:
            earlier = _same_prompt(question.follows, about(question, scope))
            turns = _turns(question.follows, self.model)
        if earlier is None:
            places = self._search(question)
            company = gather(question.file, scope, question.snapshot, self._files(), places)
        return Asked(question, scope, company, self.settings, turns, earlier)

    def _search(self, question: Question) -> list[Place]:
        """What the workspace has about the words of a question."""
        if not question.words or question.follows is not None:
            return []
        limit = FOUND_EVERYWHERE if question.everywhere else FOUND
        found = self._files().search(question.words, limit=limit)
        return [Place(each.path, each.lines, each.title) for each in found]

    def _without_model(self, asked: Asked) -> Answer:
        question, scope = asked.question, asked.scope
        if question.words:
            markdown = ask.from_structure(asked.company)
        else:
            markdown = explain.from_structure(scope, question.snapshot, detail=question.detail)
        return replace(about(question, scope), markdown=markdown)

    def _key(self, asked: Asked, model: Model) -> str:
        """Changes with anything that changes the answer, but not with how fast the machine is."""
        question = asked.question
        pieces = [*asked.company.before, *asked.company.after]
        return digest(
            __version__,
            model.engine.identity,
            [asked.prompt(focus).parts for focus in asked.focuses()],
            [piece.forms[0].text for piece in pieces],
            [asdict(turn) for turn in asked.turns],
            asked.instruction,
            asdict(self.settings.generation),
            question.context_tokens,
            question.continues.written if question.continues else "",
        )

    async def chats_ahead(self, question: Question) -> list[list[Message]]:
        """The chats that a person may start about the question's place, in the order to read them:
        with what can be read in the time that a person waits, then with more, for the other detail
        and, last, so that it is forgotten last, for the one that is likeliest asked for. These two
        differ in the instruction alone. Raises QwlspError."""
        if self.model is None:
            return []
        other: Detail = "full" if question.detail == "brief" else "brief"
        chosen, others = [
            await self.model.preparer.prepare(self.asked(replace(question, detail=detail)))
            for detail in (question.detail, other)
        ]
        chats = [chosen[-1], others[0], chosen[0]]  # the first and the last may be the same
        return [prepared.messages() for prepared in chats]

    def _recall(self, key: str, asked: Asked) -> Answer | None:
        question = asked.question
        if not question.use_cache or question.fresh:
            return None
        if (found := self._cache.get(key)) is None:
            return None
        answer = from_cache(found, about(question, asked.scope))
        self._remember(key, asked, answer)  # hovers show what was asked for last
        return answer

    def _remember(self, key: str, asked: Asked, answer: Answer) -> None:
        question = asked.question
        if question.use_cache:
            heading = f"**{sanitize(ask.title(question.words))}**\n\n" if question.words else ""
            data = {**to_cache(answer), "heading": heading}
            self._cache.put(key, _subject(question.snapshot, asked.scope), data)


def _same_prompt(answer: Answer, now: Answer) -> Prompt | None:
    """The prompt of an earlier answer, if it is about the same code in the same place."""
    same = (answer.file, answer.range, answer.code) == (now.file, now.range, now.code)
    return answer.prompt if same else None


def _turns(answer: Answer, model: Model | None) -> tuple[Turn, ...]:
    """The chat up to an earlier answer; tokens of another model are none of this one's."""
    if model is not None and model.name == answer.model:
        return answer.turns
    return tuple(replace(turn, tokens=()) for turn in answer.turns)


def _subject(snapshot: Snapshot, scope: Scope) -> str:
    """What a hover goes by: the code, wherever it stands now."""
    return digest(scope.qualified_name, snapshot.text.slice(scope.span))
