"""Pieces of code around the focus, each in a fuller and a shorter form, as they stand in a prompt.

A piece is one part of the prompt, tokenized for itself: so the tokens of a prompt are the sum of
its parts', and a part stays the same whatever stands beside it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qwlsp.syntax.outline import Definition, Import, Outline
from qwlsp.syntax.quote import first_paragraph, shorten
from qwlsp.text import Text

LONGEST = 16_000
"""Bytes of the lines of a definition that is shown whole, characters of what a search has found."""
LONGEST_OUTLINE = 1_600
"""Characters: some 400 tokens. A file's outline is the same for all that is asked about it, so it
must not depend on the room that is left."""
MOST_CALLS = 2
"""Lines shown of a caller."""
LONGEST_LINE = 200
"""Characters shown of such a line."""


@dataclass(frozen=True)
class Form:
    """One way to show a piece: its part of the prompt, and the lines (1-based, inclusive) that
    are in it."""

    text: str
    lines: tuple[int, int]


@dataclass(frozen=True)
class Piece:
    """Code that helps to understand the focus. `role` is "definition", "class", "caller",
    "imports", "outline" or "search"; `forms` are never empty, the fullest first; `name` is what
    people call it; `lines` is where all of it stands."""

    path: str
    role: str
    name: str
    lines: tuple[int, int]
    forms: tuple[Form, ...]


def fenced(code: str, fence: str) -> str:
    """A Markdown block whose fence is longer than any run of backticks in `code`."""
    longest = max(map(len, re.findall("`+", code)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{fence}\n{code.rstrip()}\n{marks}\n\n"


def definition_piece(
    definition: Definition,
    outline: Outline,
    text: Text,
    *,
    path: str,
    heading: str,
    fence: str,
    role: str = "definition",
) -> Piece:
    """A definition: whole, then with its docstring alone, then as a signature."""
    forms: list[Form] = []
    first, last = definition.lines
    size = text.line_span(last - 1).end - text.line_span(first - 1).start
    codes: list[tuple[str, tuple[int, int]]] = []
    header = text.line_of(max(definition.header.end - 1, definition.header.start)) + 1
    if size <= LONGEST:
        codes.append((_dedented(text, first, last), definition.lines))
    if definition.kind == "class":
        codes.append((_class_at_a_glance(definition, outline), definition.lines))
    elif summary := first_paragraph(definition.docstring):
        codes.append((f"{definition.signature}: ...  # {shorten(summary, 200)}", (first, header)))
    codes.append((definition.signature, (first, header)))
    for code, lines in codes:
        form = Form(heading + fenced(code, fence), lines)
        if not forms or len(form.text) < len(forms[-1].text):
            forms.append(form)
    return Piece(path, role, definition.qualified_name, definition.lines, tuple(forms))


def class_piece(
    definition: Definition,
    outline: Outline,
    text: Text,
    *,
    used: frozenset[str],
    path: str,
    fence: str,
) -> Piece:
    """The class of a method in focus: its header, and those of its fields that are `used`."""
    lines = [f"{definition.signature}:"]
    if summary := first_paragraph(definition.docstring):
        lines.append(f"    # {shorten(summary, 200)}")
    prefix = definition.qualified_name + "."
    for member in outline.definitions:
        if member.kind == "variable" and member.qualified_name == prefix + member.name:
            if member.name in used:
                lines.append(f"    {member.signature}")
        elif member.qualified_name == prefix + "__init__":
            body = text.slice(member.span)
            lines += [f"    {line}" for line in _fields_set(body) if _field(line) in used]
    form = Form("Its class:\n" + fenced("\n".join(lines), fence), definition.lines)
    return Piece(path, "class", definition.qualified_name, definition.lines, (form,))


def caller_piece(
    definition: Definition, text: Text, name: str, *, path: str, heading: str, fence: str
) -> Piece:
    """Who calls the focus, which is called `name`: a signature and the lines with the calls."""
    call = re.compile(rf"(?<![\w$]){re.escape(name)}\s*\(")
    first, last = definition.lines
    calls = [
        number
        for number in range(first, last + 1)
        if call.search(text.slice(text.line_span(number - 1)))
    ][:MOST_CALLS]
    shown = [shorten(text.slice(text.line_span(n - 1)).strip(), LONGEST_LINE) for n in calls]
    code = "\n    ".join([definition.signature + ":", "...", *shown])
    lines = (calls[0], calls[-1]) if calls else definition.lines
    form = Form(heading + fenced(code, fence), lines)
    return Piece(path, "caller", definition.qualified_name, lines, (form,))


def imports_piece(
    imports: Iterable[Import], text: Text, *, used: frozenset[str], path: str, fence: str
) -> Piece | None:
    """The imports whose names are `used`, None if there are none."""
    needed = [each for each in imports if each.name in used or each.name == "*"]
    if not needed:
        return None
    code = "\n".join(dict.fromkeys(_import_line(each) for each in needed))
    places = [each.at for each in needed]
    lines = (text.line_of(min(places)) + 1, text.line_of(max(places)) + 1)
    form = Form("Imports:\n" + fenced(code, fence), lines)
    return Piece(path, "imports", "imports", lines, (form,))


def outline_piece(outline: Outline, lines: int, *, path: str, fence: str) -> Piece | None:
    """The signatures of a file, or where those are too many, its names; None for a file that
    defines nothing."""
    defined = [d for d in outline.definitions if d.kind != "variable"]
    if not defined:
        return None
    signatures = "\n".join("    " * d.qualified_name.count(".") + d.signature for d in defined)
    names = ", ".join(d.name for d in defined if "." not in d.qualified_name)
    code = signatures if len(signatures) <= LONGEST_OUTLINE else shorten(names, LONGEST_OUTLINE)
    form = Form("Outline of the file:\n" + fenced(code, fence), (1, lines))
    return Piece(path, "outline", "outline", (1, lines), (form,))


def text_piece(text: Text, lines: tuple[int, int], *, path: str, heading: str, name: str) -> Piece:
    """Lines of a text that a search has found."""
    code = shorten(_dedented(text, *lines), LONGEST)
    return Piece(path, "search", name, lines, (Form(heading + fenced(code, ""), lines),))


def _class_at_a_glance(definition: Definition, outline: Outline) -> str:
    lines = [f"{definition.signature}:"]
    if summary := first_paragraph(definition.docstring):
        lines.append(f"    # {shorten(summary, 200)}")
    prefix = definition.qualified_name + "."
    for member in outline.definitions:
        rest = member.qualified_name.removeprefix(prefix)
        if rest != member.qualified_name and "." not in rest:
            lines.append(f"    {member.signature}")
    return "\n".join(lines)


_FIELD = re.compile(r"self\.(\w+)\s*(?::[^=\n]+)?=(?!=)")


def _fields_set(body: str) -> Sequence[str]:
    return [shorten(line.strip(), 120) for line in body.splitlines() if _FIELD.match(line.strip())]


def _field(line: str) -> str:
    match = _FIELD.match(line)
    return match[1] if match else ""


def _import_line(each: Import) -> str:
    if each.member is None:
        alias = "" if each.module.split(".")[0] == each.name else f" as {each.name}"
        return f"import {each.module}{alias}"
    alias = "" if each.member == each.name else f" as {each.name}"
    return f"from {each.module} import {each.member}{alias}"


def _dedented(text: Text, first: int, last: int) -> str:
    """Lines `first` to `last`, 1-based, without their common indentation."""
    lines = [text.slice(text.line_span(number - 1)) for number in range(first, last + 1)]
    return textwrap.dedent("\n".join(lines))
