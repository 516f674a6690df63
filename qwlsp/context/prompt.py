"""A prompt: what stays the same first, what differs between actions last.

The order serves reuse. The engine keeps what it has read of a prompt, so two actions on the same
code share everything up to the instruction, and an edit elsewhere changes nothing up to the focus.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qwlsp.context.budget import Size, choose
from qwlsp.context.focus import Focus
from qwlsp.context.gather import Company
from qwlsp.context.pieces import Form, Piece, fenced


@dataclass(frozen=True)
class Used:
    """A piece of the company, in the form in which it is in the prompt, if it is."""

    piece: Piece
    form: Form | None


@dataclass(frozen=True)
class Prompt:
    """The texts of a chat's first two turns, and where those of the company come from. Each text
    is tokenized for itself, so the tokens of the others do not depend on `instruction`."""

    system: str
    before: tuple[Used, ...]
    focus: Focus
    focus_text: str
    after: tuple[Used, ...]
    facts: str
    instruction: str

    @property
    def parts(self) -> list[str]:
        """Of the person's turn."""
        before, after = (
            [used.form.text for used in group if used.form] for group in (self.before, self.after)
        )
        told = [part for part in (self.focus_text, *after, self.facts) if part]
        return [*before, *told, self.instruction]

    @property
    def company(self) -> tuple[Used, ...]:
        """The pieces around the focus, in the prompt or not."""
        return self.before + self.after

    @property
    def code(self) -> str:
        """All that the model is shown, without what it is told to do."""
        return "".join(self.parts[:-1])

    def size(self, size: Size) -> int:
        """Tokens, without the chat's own markup."""
        return size(self.system) + sum(map(size, self.parts))


def bare(
    focus: Focus, *, file: str, fence: str, facts: Sequence[str], system: str, instruction: str
) -> Prompt:
    """The prompt for one instruction about `focus`, with what is known of it and no company.

    No line numbers: they change whenever somebody types further up.
    """
    about = "Outline of" if focus.is_skeleton else "From"
    heading = f"{about} {file}, what is asked about:\n"
    code = heading + fenced(focus.code, fence) if focus.code.strip() else ""
    known = "".join(f"- {fact}\n" for fact in facts)
    told = f"Facts about it:\n{known}\n" if known else ""
    return Prompt(system, (), focus, code, (), told, instruction)


def with_company(prompt: Prompt, company: Company, size: Size, budget: int) -> Prompt:
    """`prompt` with as much of `company` around it as `budget` tokens allow."""
    before = choose(company.before, size, company.share_before(budget))
    left = budget - sum(size(form.text) for form in before if form)
    after = choose(company.after, size, left)
    used = map(Used, company.before, before)
    return replace(
        prompt,
        # All functions of a file have its outline in common, so it comes first.
        before=tuple(sorted(used, key=lambda each: each.piece.role != "outline")),
        after=tuple(map(Used, company.after, after)),
    )
