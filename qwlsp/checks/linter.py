"""Ruff's findings in a text."""

from __future__ import annotations

import codecs
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ruff import find_ruff_bin  # type: ignore[import-untyped]

from qwlsp.edits import Edit
from qwlsp.errors import QwlspError
from qwlsp.syntax.quote import shorten
from qwlsp.text import Encoding, Position, Span, Text

SECONDS = 20.0
"""Ruff takes a few hundredths of one for a file of 10,000 lines."""
LONGEST_REASON = 200
"""Characters of what ruff says about its own failure."""
APPLICABLE = ("safe", "unsafe")
"""Fixes that may be applied; ruff has others that are only to be looked at."""
BLOCKING = (
    *("ASYNC210", "ASYNC212", "ASYNC220", "ASYNC221", "ASYNC222", "ASYNC230", "ASYNC240"),
    *("ASYNC250", "ASYNC251"),
)
"""The rules that find what blocks an event loop; the other ASYNC rules are about style."""


class LinterFailed(QwlspError):
    """Ruff is not there, or could not do its work."""


@dataclass(frozen=True)
class LintFinding:
    """Something that the rule `code`, called `rule` in words, says about `span`, and the edits
    that would mend it, if ruff knows any."""

    code: str
    message: str
    span: Span
    fix: tuple[Edit, ...] = ()
    fix_title: str = ""
    fix_is_safe: bool = False
    rule: str = ""


def lint(
    text: Text, *, name: str, rules: Sequence[str], isolated: bool = True
) -> list[LintFinding]:
    """What ruff finds in a text with some of its rules, in the order of lines.

    Unless `isolated`, ruff's settings for the file at the path `name` count, but not which rules
    they select or ignore: those given here come before them. Comments like `# noqa` always count.
    Raises LinterFailed.
    """
    options = ["--no-cache", "--preview", "--exit-zero", "--output-format=json"]
    options += ["--isolated"] if isolated else ["--no-fix", "--no-fix-only"]
    selected = [f"--select={','.join(rules)}", f"--stdin-filename={name}", "-"]
    return [_finding(text, each) for each in _run(["check", *options, *selected], text)]


@cache
def known_rules() -> frozenset[str]:
    """The codes of all rules that the installed ruff has. Raises LinterFailed."""
    found = _run(["rule", "--all", "--output-format=json"])
    return frozenset(
        str(each["code"])
        for each in found
        if each["code"] and "Removed" not in each.get("status", ())
    )


def _run(arguments: list[str], text: Text | None = None) -> list[dict[str, Any]]:
    try:
        done = subprocess.run(
            [find_ruff_bin(), *arguments],
            check=False,
            input=text.data if text else b"",
            capture_output=True,
            timeout=SECONDS,
        )
        found = json.loads(done.stdout) if done.stdout else _reason(done.stderr)
    except FileNotFoundError as error:
        raise LinterFailed("ruff is not installed, so nothing could be checked with it.") from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise LinterFailed(f"ruff failed: {error}.") from error
    if isinstance(found, str):
        raise LinterFailed(f"ruff failed: {found}.")
    if not isinstance(found, list):
        raise LinterFailed("ruff gave no list of findings.")
    return found


def _reason(stderr: bytes) -> str:
    """Why ruff failed: the innermost cause that it names on one line."""
    lines = [line.strip() for line in stderr.decode(errors="replace").splitlines()]
    causes = [line.removeprefix("Cause: ") for line in lines if line.startswith("Cause: ")]
    reason = next(reversed(causes or [line for line in lines if line]), "it said nothing")
    return shorten("".join(c for c in reason if c.isprintable()), LONGEST_REASON).rstrip(".:")


def _finding(text: Text, data: dict[str, Any]) -> LintFinding:
    fix = data.get("fix") or {}
    if fix.get("applicability") not in APPLICABLE:
        fix = {}
    edits = tuple(
        Edit(_span(text, each["location"], each["end_location"]), each["content"])
        for each in fix.get("edits", ())
    )
    return LintFinding(
        data["code"] or "invalid-syntax",
        data["message"],
        _span(text, data["location"], data["end_location"]),
        edits,
        fix.get("message") or "",
        fix.get("applicability") == "safe",
        data.get("name") or "",
    )


def _span(text: Text, start: dict[str, int], end: dict[str, int]) -> Span:
    return Span(_offset(text, start), _offset(text, end))


def _offset(text: Text, location: dict[str, int]) -> int:
    line, character = location["row"] - 1, location["column"] - 1
    if line == 0 and text.data.startswith(codecs.BOM_UTF8):  # which ruff does not count
        character += 1
    return text.offset(Position(line, character), Encoding.UTF32)
