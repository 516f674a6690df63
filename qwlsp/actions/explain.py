"""Explain: what the code under the cursor is for, in words. Pure; the service does the asking."""

from __future__ import annotations

from qwlsp import prompts
from qwlsp.actions.flowchart import flowchart
from qwlsp.actions.structure import describe
from qwlsp.answers import Detail
from qwlsp.context.prompt import Focus, Prompt, build
from qwlsp.guards import guard, identifiers
from qwlsp.markdown import sanitize
from qwlsp.syntax.facts import facts
from qwlsp.syntax.scopes import Scope

NAME = "explain"
HOW_TO_GET_A_MODEL = (
    "*Read from the syntax tree, without a model. `qwlsp model pull` fetches one"
    " (491 MB); any GGUF file of your own works too.*"
)


def title(scope: Scope, file: str) -> str:
    """What the editor's menu says."""
    return f"Explain `{scope.name or file}`"


def prompt(scope: Scope, focus: Focus, *, path: str, detail: Detail, language: str) -> Prompt:
    """What the model is asked."""
    return build(
        scope,
        focus,
        path=path,
        system=prompts.load("system").substitute(language=language),
        instruction=prompts.load(f"explain_{detail}").substitute(
            kind=scope.kind, name=scope.name or path
        ),
    )


def show(written: str, asked: Prompt, *, final: bool) -> str:
    """What the model has written so far, as Markdown that is fit to be shown."""
    known = identifiers(asked.code)
    text = guard(written, prompt=asked.code + asked.instruction, known=known, final=final)
    return sanitize(text)


def from_structure(scope: Scope, *, detail: Detail) -> str:
    """The explanation that needs no model."""
    known = facts(scope)
    parts = [describe(known, detail=detail)]
    if detail == "full":
        parts.append(f"```text\n{flowchart(scope)}\n```")
    parts.append(HOW_TO_GET_A_MODEL)
    return sanitize("\n\n".join(parts))


def not_seen(lines: tuple[int, int]) -> str:
    """The line that says what the model did not see."""
    return f"\n\n*Lines {lines[0]} to {lines[1]} did not fit and were not read.*"


def cut_off(tokens: int) -> str:
    """The line that says that the answer is not finished."""
    return f"\n\n*The answer was cut off after {tokens} tokens.*"
