"""Bugs of known patterns: ruff's rules, those of them that find bugs, each with a reason."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from qwlsp.bugs.configuration import BadConfiguration, Layer, ignores, layers, precision
from qwlsp.bugs.finding import Finding, Severity, merged, quoted
from qwlsp.checks.linter import LinterFailed, LintFinding, known_rules, lint
from qwlsp.syntax.languages import PYTHON
from qwlsp.text import Text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SYNTAX_ERROR = "invalid-syntax"
NOTHING = "E902"
"""A rule that finds nothing in a text that is not read from a file; ruff wants at least one."""
_SENTENCE_END = re.compile(r"(?<=[\w`)\"'])[.;] (?=[A-Z`])")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Why what a rule finds is a bug. See rules.toml for each part."""

    kind: str
    severity: Severity
    why: str
    message: str = ""
    line: str = ""

    def counts(self, message: str, line: str) -> bool:
        """Whether it is a bug, and not one of the other things that the rule is for."""
        return bool(re.search(self.message, message) and re.search(self.line, line))


@cache
def table() -> dict[str, Rule]:
    """All rules, by code."""
    data = tomllib.loads(files(__package__).joinpath("rules.toml").read_text(encoding="utf-8"))
    return {code: Rule(**each) for codes, each in data.items() for code in codes.split()}


def found_by_rules(
    text: Text,
    *,
    path: str,
    rules: Sequence[str] | None = None,
    warn: Callable[[str], None] = lambda sentence: None,
) -> list[Finding]:
    """The bugs of known patterns in a Python text, in the order of lines.

    `path` is where the text belongs: the configuration of ruff around it can switch rules off.
    A configuration that is broken does not count, which `warn` is told in a sentence. `rules` are
    selectors like "B" or "F821" that choose from `table()`; None chooses all. Syntax errors are
    found whatever is chosen or ignored. Raises LinterFailed.
    """
    selected = [code for code in _chosen(rules) if code in known_rules()]
    name = path if path.endswith(PYTHON.extensions) else f"{path}.py"
    found, configured = _linted(text, name, selected or [NOTHING], warn)
    bugs = (each for each in found if _is_bug(text, each, configured))
    return merged(text, (_finding(text, each) for each in bugs))


def _chosen(rules: Sequence[str] | None) -> list[str]:
    if rules is None:
        return list(table())
    return [code for code in table() if precision(rules, code)]


def _linted(
    text: Text, name: str, rules: Sequence[str], warn: Callable[[str], None]
) -> tuple[list[LintFinding], list[Layer]]:
    """What ruff finds, and which configuration counts."""
    try:
        configured = layers(Path(name))
        return lint(text, name=name, rules=rules, isolated=False), configured
    except (BadConfiguration, LinterFailed) as error:
        # Without settings, to see whether they were what was wrong.
        found = lint(text, name=f"text{Path(name).suffix}", rules=rules)
        warn(f"The project's settings for ruff do not count, because they are broken: {error}")
        return found, []


def _is_bug(text: Text, found: LintFinding, configured: Sequence[Layer]) -> bool:
    if found.code == SYNTAX_ERROR:
        return True
    if found.code not in table() or ignores(configured, found.code, found.rule):
        return False
    line = text.slice(text.line_span(text.line_of(found.span.start)))
    return table()[found.code].counts(found.message, line)


def _finding(text: Text, found: LintFinding) -> Finding:
    rule = table()[found.code]
    return Finding(
        span=found.span,
        severity=rule.severity,
        message=_sentence(found.message),
        quote=quoted(text, found.span.start),
        origin=f"ruff:{found.code}",
        kind=rule.kind,
        confidence=1.0,
        fix=found.fix or None,
        fix_title=_sentence(found.fix_title).rstrip(".") if found.fix else "",
        why=rule.why,
    )


def _sentence(message: str) -> str:
    """The first sentence of what ruff says, on one line and with a full stop, fit to be shown."""
    first = _SENTENCE_END.split(" ".join(message.split()), maxsplit=1)[0].rstrip(" .")
    # It may quote the code, which may have anything in it that a terminal obeys.
    first = "".join(c if c.isprintable() else "\ufffd" for c in first)
    return f"{first[:1].upper()}{first[1:]}." if first else ""
