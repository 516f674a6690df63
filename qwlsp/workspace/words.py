"""Words: of names, of Markdown, and of what a person asks for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_TERMS = 32
"""Of a query; a pasted log would ask for everything."""

STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a about an and any are as at be been but by can could did do does for from get had has"
        " have how i if in into is it its me my no not of on or our should so some than that the"
        " their them then there these they this to us was we were what when where which who why"
        " will with would you your",
    )
)
"""English words that say nothing about what is looked for."""

_TESTS = re.compile(r"(?:^|/)(?:tests?|__tests__)/|(?:^|/)test_[^/]*$|[_.](?:test|spec)\.[^/]*$")

_IDENTIFIER = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+")

_MAX_HEADING = 200
"""Characters of a line that may be a heading."""
_HEADING = re.compile(r" {0,3}#{1,6}(?=[ \t]|$)")
_CLOSING = re.compile(r"(?:^|[ \t])#+$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True)
class Section:
    """A heading of a Markdown text and what stands below it, up to the next one of any level.

    `title` is "" for what stands before the first heading. `lines` count from 1, inclusive.
    """

    title: str
    lines: tuple[int, int]
    body: str


def name_words(name: str) -> str:
    """The words of a name for the index: "HTTPServer" is one, and also "HTTP" and "Server"."""
    words = [word for part in _IDENTIFIER.findall(name) for word in part.split("_") if word]
    inner = [part for word in words for part in _PARTS.findall(word)]
    return " ".join(dict.fromkeys([*words, *inner]))


def match_expression(text: str) -> str:
    """The full-text query for any text a person types: any of its words; "" if it has none.

    A name is looked for as a whole, which is rare and so counts most, and by each of its parts.
    """
    terms: dict[str, None] = {}
    for name in _IDENTIFIER.findall(text):
        parts = name_words(name).lower().split()
        # A quoted "read_file" means these two words next to each other.
        for term in [name.lower(), *parts]:
            if term not in STOP_WORDS:
                terms.setdefault(term)
        if len(terms) >= MAX_TERMS:
            break
    return " OR ".join(f'"{term}"' for term in list(terms)[:MAX_TERMS])


def is_test(path: str) -> bool:
    """Whether the file at `path`, relative to its root, tests others, going by its name."""
    return _TESTS.search(path) is not None


def sections(text: str) -> list[Section]:
    """The sections of a Markdown text, in order; without an empty one before the first heading."""
    lines = re.split(r"\r\n|\r|\n", text)
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    starts = list(_headings(lines))
    if not starts or starts[0][0] > 0:
        starts.insert(0, (0, 0, ""))
    found: list[Section] = []
    for (start, body, title), (end, _, _) in zip(
        starts, [*starts[1:], (len(lines), 0, "")], strict=True
    ):
        section = Section(title, (start + 1, end), "\n".join(lines[body:end]).strip())
        if section.title or section.body:
            found.append(section)
    return found


def _headings(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Yield the line of each heading, the line of what follows it, both from 0, and its text."""
    fence = ""
    for number, line in enumerate(lines):
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence):
                fence = ""
        elif fence or len(line) > _MAX_HEADING:
            continue
        elif heading := _HEADING.match(line):
            yield number, number + 1, _CLOSING.sub("", line[heading.end() :].strip()).strip()
        elif number and _UNDERLINE.match(line) and _may_be_underlined(lines[number - 1]):
            yield number - 1, number + 1, lines[number - 1].strip()


def _may_be_underlined(line: str) -> bool:
    """Whether a line is text, and no list, table or quotation."""
    return line[:1].isalnum() and len(line) <= _MAX_HEADING
