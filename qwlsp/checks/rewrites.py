"""Whether rewritten code is sound: it parses and compiles, a linter finds nothing new in it, and
nothing has changed that was not to be changed."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass

from qwlsp.checks.linter import BLOCKING, lint
from qwlsp.edits import between
from qwlsp.syntax.tree import parse
from qwlsp.text import Text

LINTED = ("F", *BLOCKING)
UNUSED_IMPORT = "F401"
"""Does no harm where an import can't simply be taken away, as in a `try`."""


@dataclass(frozen=True)
class Check:
    """What was looked at, and what is wrong if it did not pass."""

    name: str
    passed: bool
    detail: str = ""


def combined(checks: Iterable[Check]) -> list[Check]:
    """One check of each name: the first that failed, or the first."""
    found: dict[str, Check] = {}
    for check in checks:
        if check.name not in found or (found[check.name].passed and not check.passed):
            found[check.name] = check
    return list(found.values())


def readable(path: str, before: Text) -> Check:
    """All of it was read as it is: a file in another encoding than it seems would be spoilt."""
    spoilt = "\ufffd".encode() in before.data
    detail = f"{path} is not UTF-8, so it can't be edited safely." if spoilt else ""
    return Check("encoding", not spoilt, detail)


def parses(path: str, before: Text, after: Text) -> Check:
    """No syntax error that was not there. What Python itself can parse counts as sound: the
    grammar of the tree does not know `*await x`."""
    has_error = parse(after.data).root_node.has_error and _compiled(after) is not None
    is_worse = has_error and not parse(before.data).root_node.has_error
    return Check("parses", not is_worse, f"{path} would have a syntax error." if is_worse else "")


def compiles(path: str, before: Text, after: Text) -> Check:
    """Python can compile it, if it could before."""
    problem = _compiled(after)
    if problem is None:
        return Check("compiles", True)
    if _compiled(before) is not None:
        return Check("compiles", True, f"{path} did not compile before either.")
    return Check("compiles", False, f"{path} would not compile: {problem}")


def _compiled(text: Text) -> str | None:
    """What is wrong with it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(str(text), "<text>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"{error.msg} (line {error.lineno})."
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return f"{type(error).__name__}."
    return None


def linted(path: str, before: Text, after: Text) -> Check:
    """Ruff finds no undefined name, no blocking call in async code, and the like, that it did not
    find before. Raises LinterFailed."""
    known = Counter((each.code, each.message) for each in lint(before, name=path, rules=LINTED))
    for finding in lint(after, name=path, rules=LINTED):
        key = (finding.code, finding.message)
        if finding.code == UNUSED_IMPORT:
            continue
        if not known[key]:
            line = after.line_of(finding.span.start) + 1
            return Check("lint", False, f"{path}:{line}: {finding.message} ({finding.code}).")
        known[key] -= 1
    return Check("lint", True)


def in_places(path: str, before: Text, after: Text, planned: Set[int]) -> Check:
    """Only lines in `planned`, from 0, have changed."""
    for edit in between(before, after):
        first, last = before.line_of(edit.span.start), before.line_of(edit.span.end)
        lines = range(first, max(last, first + 1))
        wrong = next((line for line in lines if line not in planned), None)
        if wrong is not None and not (edit.span.start == edit.span.end and first - 1 in planned):
            return Check("places", False, f"{path}:{wrong + 1} would change without need.")
    return Check("places", True)


def layout(path: str, before: Text, after: Text) -> Check:
    """Line ends and the way of indenting are those of before, and the end of the file."""
    if not _ends(after) <= (_ends(before) or {b"\n"}):
        return Check("layout", False, f"{path} would have mixed line ends.")
    if _indents(before) and not _indents(after) <= _indents(before):
        return Check("layout", False, f"{path} would mix tabs and spaces.")
    newline = (b"\n", b"\r")
    if before.data and before.data.endswith(newline) != after.data.endswith(newline):
        return Check("layout", False, f"{path} would end differently.")
    return Check("layout", True)


def _ends(text: Text) -> set[bytes]:
    lines = text.data.splitlines(keepends=True)
    return {line[len(line.rstrip(b"\r\n")) :] for line in lines} - {b""}


def _indents(text: Text) -> set[bytes]:
    return {line[:1] for line in text.data.splitlines() if line[:1] in (b" ", b"\t")}
