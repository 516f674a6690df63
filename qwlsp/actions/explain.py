"""Explain: what the code under the cursor is for. Without a model, from what the tree knows."""

from __future__ import annotations

from qwlsp.actions.flowchart import flowchart
from qwlsp.actions.structure import describe
from qwlsp.answers import Detail
from qwlsp.documents import Snapshot
from qwlsp.markdown import sanitize
from qwlsp.syntax.facts import facts
from qwlsp.syntax.languages import PYTHON
from qwlsp.syntax.quote import first_paragraph
from qwlsp.syntax.scopes import Scope

HOW_TO_GET_A_MODEL = (
    "*Read from the syntax tree, without a model. `qwlsp model pull` fetches one"
    " (491 MB); any GGUF file of your own works too.*"
)
MOST_NAMES = 12


def title(scope: Scope, file: str) -> str:
    """What the editor's menu says."""
    if scope.kind == "block":
        return f"Explain this passage of `{file}`"
    return f"Explain `{scope.name or file}`"


def from_structure(scope: Scope, snapshot: Snapshot, *, detail: Detail) -> str:
    """The explanation that needs no model."""
    if snapshot.read_as is not PYTHON:
        parts = _from_outline(scope, snapshot)
    else:
        parts = [describe(facts(scope), detail=detail)]
        if detail == "full":
            parts.append(f"```text\n{flowchart(scope)}\n```")
    return sanitize("\n\n".join([*parts, HOW_TO_GET_A_MODEL]))


def _from_outline(scope: Scope, snapshot: Snapshot) -> list[str]:
    """What can be said of a language whose statements are not looked into."""
    text, title = snapshot.text, snapshot.read_as.title
    lines = text.line_of(max(scope.span.start, scope.span.end - 1)) - text.line_of(scope.span.start)
    what = {"module": "This file", "block": "This passage"}.get(scope.kind, f"`{scope.name}`")
    kind = f" is a {scope.kind} of" if scope.name else " has"
    parts = [f"{what}{kind} {lines + 1} lines of {title}."]
    inside = [
        d
        for d in snapshot.outline.definitions
        if scope.span.start <= d.span.start and d.span.end <= scope.span.end
    ]
    own = next((d for d in inside if d.qualified_name == scope.qualified_name), None)
    if own is not None:
        parts.append(f"```{snapshot.read_as.fence}\n{own.signature}\n```")
        if summary := first_paragraph(own.docstring):
            parts.append(f"> {summary}")
    others = [d.name for d in inside if d is not own and d.kind != "variable"]
    if others:
        more = f" and {len(others) - MOST_NAMES} more" if len(others) > MOST_NAMES else ""
        named = ", ".join(f"`{name}`" for name in others[:MOST_NAMES])
        parts.append(f"It defines {named}{more}.")
    return parts
