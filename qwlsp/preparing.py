"""From a question to the prompts that fit this machine: a quick one, and a richer one.

The quick one has no more around the focus than the machine reads while the person is willing to
wait. The richer one is for when most of it has been read ahead. Both are counted in the model's
own tokens before anything is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from qwlsp.actions import asked as actions
from qwlsp.answers import ContextPiece, Question, Turn
from qwlsp.context import focus as focusing
from qwlsp.context.budget import Size
from qwlsp.context.focus import Focus
from qwlsp.context.gather import Company
from qwlsp.context.known import known_facts
from qwlsp.context.pieces import Form, Piece
from qwlsp.context.prompt import Prompt, bare, with_company
from qwlsp.engine.interface import Engine
from qwlsp.engine.messages import Message, longest_prompt
from qwlsp.errors import PromptTooLong
from qwlsp.settings import Settings
from qwlsp.syntax.facts import facts
from qwlsp.syntax.languages import PYTHON, language
from qwlsp.syntax.scopes import Scope

RICH = 1_200
"""Tokens of company in the richer prompt; more would only be read, not understood."""
FOUND = 800
"""Tokens of what a search has found for a question about a whole workspace: it has nothing else to
go by, so that is worth a wait."""
MOST = 4_000
"""Tokens of company, however fast the machine is."""
RICH_SKELETON = 2_000
"""Tokens of a whole file that are read ahead."""
SHORTENINGS = 8
"""Times that code is cut before a prompt counts as impossible."""
STEADY = 0.25
"""Share by which the speed of reading must change before prompts do: else what was read ahead
would be another prompt than the one that is asked."""


@dataclass(frozen=True)
class Asked:
    """A question, the code it is about, what may stand around that, and the turns before."""

    question: Question
    scope: Scope
    company: Company
    settings: Settings
    turns: tuple[Turn, ...] = ()
    earlier: Prompt | None = None
    """What the turns before were about, if it is the same: then none of it is read again."""

    @property
    def file(self) -> str:
        """What the prompt calls the file."""
        return Path(self.question.file).name

    @cached_property
    def instruction(self) -> str:
        """What the model is to do."""
        return actions.instruction(self.question, self.scope, file=self.file)

    @cached_property
    def facts(self) -> list[str]:
        """What is known of the code, in words."""
        known = self.scope.node is not None and self.question.snapshot.language == PYTHON.id
        return known_facts(facts(self.scope)) if known else []

    def prompt(self, focus: Focus) -> Prompt:
        """The prompt about `focus`, without company."""
        return bare(
            focus,
            file=self.file,
            fence=language(self.question.snapshot.language).fence,
            facts=self.facts,
            system=actions.system(self.question, answer_language=self.settings.answers.language),
            instruction=self.turns[0].instruction if self.turns else self.instruction,
        )

    def focuses(self) -> list[Focus]:
        """What may be in focus, the fullest first: of a file that was not asked about in full, its
        outline will do."""
        snapshot = self.question.snapshot
        whole = focusing.whole(self.scope, snapshot.text)
        parsed = self.scope.kind == "module" and self.scope.node is not None
        if not parsed or self.question.detail == "full":
            return [whole]
        skeletons = [focusing.skeleton(snapshot, docstrings=told) for told in (True, False)]
        shorter = [each for each in skeletons if each.code.rstrip() != whole.code.rstrip()]
        return shorter or [whole]


@dataclass(frozen=True)
class Prepared:
    """A prompt that fits, with the tokens of its texts."""

    asked: Asked
    prompt: Prompt
    fixed: int
    """Tokens besides those of the texts: the chat's markup, and what the answer starts with."""
    size: Size = field(repr=False, compare=False)

    def messages(self) -> list[Message]:
        """The chat. The code comes first in its turn: it stays when the rest changes."""
        chat = [Message(role="system", parts=[self.prompt.system])]
        turns = self.asked.turns
        later = [turn.instruction for turn in turns[1:]] + [self.asked.instruction] * bool(turns)
        questions: list[list[str]] = [self.prompt.parts, *([text] for text in later)]
        for parts, turn in zip(questions, turns, strict=False):
            chat.append(Message(role="user", parts=parts))
            chat.append(Message(role="assistant", parts=[list(turn.tokens) or turn.written]))
        return [*chat, Message(role="user", parts=questions[-1])]

    @property
    def read(self) -> str:
        """All that the model reads."""
        turns = self.asked.turns
        written = (text for turn in turns for text in (turn.instruction, turn.written))
        return "".join([*self.prompt.parts, *written, self.asked.instruction])

    @property
    def tokens(self) -> int:
        """Of the whole prompt."""
        return self.fixed + self.prompt.size(self.size) + _of_turns(self.asked, self.size)

    @property
    def context(self) -> tuple[ContextPiece, ...]:
        """What the model sees."""
        focus, text = self.prompt.focus, self.prompt.focus_text
        own = ContextPiece(
            self.asked.question.file,
            focus.lines,
            "outline" if focus.is_skeleton else "focus",
            self.size(text),
            self.asked.scope.qualified_name,
        )
        seen = [used for used in self.prompt.company if used.form]
        pieces = [_seen(used.piece, used.form, self.size) for used in seen]
        return (own, *pieces) if text else tuple(pieces)

    @property
    def left_out(self) -> tuple[ContextPiece, ...]:
        """What it does not see; the tokens of code in focus are only about right."""
        found: list[ContextPiece] = []
        focus, span = self.prompt.focus, self.asked.scope.span
        if focus.left_out is not None or focus.is_skeleton:
            seen = len(focus.code.encode())
            rest = max(0, span.end - span.start - seen)
            tokens = rest * self.size(self.prompt.focus_text) // max(seen, 1)
            lines = focus.left_out or focus.lines
            role = "bodies" if focus.is_skeleton else "focus"
            found.append(ContextPiece(self.asked.question.file, lines, role, tokens))
        missing = [used.piece for used in self.prompt.company if used.form is None]
        return (*found, *(_seen(piece, piece.forms[0], self.size) for piece in missing))


class Preparer:
    """Makes prompts for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._within_wait = 0

    async def prepare(self, asked: Asked) -> list[Prepared]:
        """The prompts for a question, the richest first; the last is the quick one. Raises
        PromptTooLong where even the smallest piece of the code does not fit, and what the engine
        raises."""
        question, turns = asked.question, len(asked.turns)
        focuses = [asked.earlier.focus] if asked.earlier else asked.focuses()
        fitting = await self._counted(asked, focuses)
        while asked.turns and fitting.total(asked, focuses[-1]) > fitting.limit:
            asked = replace(asked, turns=asked.turns[1:], earlier=None)
            focuses = asked.focuses()
            fitting = await self._counted(asked, focuses)
        if asked.earlier is not None and len(asked.turns) == turns:
            return [Prepared(asked, asked.earlier, fitting.fixed, fitting.size)]
        explicit = question.context_tokens
        budget = fitting.limit if explicit else self._steady(fitting.within_wait)
        quick = await self._fit(fitting, asked, focuses, budget)
        if explicit or question.continues is not None:
            return [quick]
        rich = await self._fit(fitting, asked, focuses, budget, rich=True)
        return [rich, quick] if rich.tokens > quick.tokens else [quick]

    async def _counted(self, asked: Asked, focuses: Sequence[Focus]) -> _Fitting:
        question, settings = asked.question, asked.settings
        texts = list(dict.fromkeys(_texts(asked, focuses)))
        counted = await self._engine.count(
            texts,
            roles=["system", "user", *["assistant", "user"] * len(asked.turns)],
            seconds=settings.latency.max_wait_seconds,
        )
        sizes = dict(zip(texts, counted.tokens, strict=True))
        limit = longest_prompt(counted.context_length, settings.generation.max_tokens)
        begun = sizes[question.continues.written] if question.continues else 0
        return _Fitting(
            sizes,
            fixed=counted.markup + begun,
            limit=min(limit, question.context_tokens or limit),
            within_wait=counted.within_wait,
        )

    def _steady(self, within_wait: int) -> int:
        if abs(within_wait - self._within_wait) > STEADY * self._within_wait:
            self._within_wait = within_wait
        return self._within_wait

    async def _fit(
        self,
        fitting: _Fitting,
        asked: Asked,
        focuses: Sequence[Focus],
        budget: int,
        *,
        rich: bool = False,
    ) -> Prepared:
        """The prompt with as much as `budget` tokens allow; a rich one may take some more."""
        for_skeleton = max(budget, RICH_SKELETON) if rich else budget
        fits = (f for f in focuses if fitting.total(asked, f) <= for_skeleton)
        focus = next(fits, focuses[-1])
        if fitting.total(asked, focus) > fitting.limit:
            focus = await self._shortened(fitting, asked, focus)
        needed = fitting.total(asked, focus)
        least = RICH if rich else FOUND if asked.question.everywhere else 0
        company = max(min(MOST, budget - needed), least)
        company = min(company, fitting.limit - needed)
        prompt = with_company(asked.prompt(focus), asked.company, fitting.size, company)
        return Prepared(asked, prompt, fitting.fixed, fitting.size)

    async def _shortened(self, fitting: _Fitting, asked: Asked, focus: Focus) -> Focus:
        """As much of the code as there is room for."""
        text, scope = asked.question.snapshot.text, asked.scope
        size = scope.span.end - scope.span.start
        for attempt in range(SHORTENINGS):
            code = fitting.size(asked.prompt(focus).focus_text)
            room = fitting.limit - (fitting.total(asked, focus) - code)
            # A little less than would fit if all tokens were equally long; at last the least.
            size = int(size * 0.97 * max(room, 0) / max(code, 1))
            max_bytes = size if attempt < SHORTENINGS - 1 else 0
            focus = focusing.shortened(scope, text, max_bytes=max_bytes)
            part = asked.prompt(focus).focus_text
            counted = await self._engine.count([part], roles=["user"], seconds=0)
            fitting.sizes[part] = counted.tokens[0]
            if fitting.total(asked, focus) <= fitting.limit:
                return focus
        raise PromptTooLong(fitting.total(asked, focus), fitting.limit)


@dataclass(frozen=True)
class _Fitting:
    """The tokens of each text, those of the chat besides its texts, and the most there may be."""

    sizes: dict[str, int]
    fixed: int
    limit: int
    within_wait: int

    def size(self, text: str) -> int:
        return self.sizes[text] if text else 0

    def total(self, asked: Asked, focus: Focus) -> int:
        """Of the prompt without company, or of the earlier one that it goes on with."""
        prompt = asked.earlier or asked.prompt(focus)
        return self.fixed + prompt.size(self.size) + _of_turns(asked, self.size)


def _of_turns(asked: Asked, size: Size) -> int:
    """Tokens of earlier answers, and of the instructions that follow them."""
    if not asked.turns:
        return 0
    written = sum(len(turn.tokens) or size(turn.written) for turn in asked.turns)
    later = [*(turn.instruction for turn in asked.turns[1:]), asked.instruction]
    return written + sum(map(size, later))


def _seen(piece: Piece, form: Form | None, size: Size) -> ContextPiece:
    assert form is not None
    return ContextPiece(piece.path, form.lines, piece.role, size(form.text), piece.name)


def _texts(asked: Asked, focuses: Sequence[Focus]) -> Iterator[str]:
    """All texts that a prompt for `asked` may have."""
    if asked.earlier is not None:
        yield from (asked.earlier.system, *asked.earlier.parts)
        # Also what had no room then: answers say how long it is.
        yield from (used.piece.forms[0].text for used in asked.earlier.company)
    for focus in focuses:
        prompt = asked.prompt(focus)
        yield from (prompt.system, *prompt.parts)
    for piece in (*asked.company.before, *asked.company.after):
        yield from (form.text for form in piece.forms)
    for turn in asked.turns:
        yield from (turn.instruction, turn.written)
    yield asked.instruction
    if asked.question.continues is not None:
        yield asked.question.continues.written
