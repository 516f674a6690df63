"""Find bug: what is wrong with some code, each finding on a line that exists."""

from __future__ import annotations

from collections.abc import Sequence

from qwlsp.answers import Answer, Report, Usage
from qwlsp.bugs.finding import BY_MODEL, Finding
from qwlsp.markdown import sanitize
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Text


def title(scope: Scope, file: str) -> str:
    """What the editor's menu says."""
    if scope.kind == "block":
        return f"Find bugs in this passage of `{file}`"
    return f"Find bugs in `{scope.name or file}`"


def report(
    about: Answer,
    findings: Sequence[Finding],
    text: Text,
    *,
    warnings: Sequence[str],
    model: str | None,
    usage: Usage,
) -> Report:
    """The findings in `text`, as an answer."""
    by_model = any(each.origin == BY_MODEL for each in findings)
    lines = [f"- line {text.line_of(each.span.start) + 1}: {each.message}" for each in findings]
    fields = {name: getattr(about, name) for name in ("action", "file", "symbol", "range", "code")}
    return Report(
        **fields,
        source="model" if by_model else "rules",
        markdown=sanitize("\n".join(lines) or "No bug was found."),
        model=model,
        usage=usage,
        findings=tuple(findings),
        text=text,
        warnings=tuple(warnings),
    )
