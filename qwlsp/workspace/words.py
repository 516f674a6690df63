"""Words: of names, of Markdown, and of what a person asks for. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from qwlsp.syntax.blocks import headings
from qwlsp.text import Span, Text

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

_CLOSING = re.compile(r"(?:^|[ \t])#+$")


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


def sections(text: Text) -> list[Section]:
    """The sections of a Markdown text, in order; without an empty one before the first heading."""
    starts = {line for line, _ in headings(text)}
    found: list[Section] = []
    for first, end in pairwise(sorted({0, *starts, last_line(text)})):
        body = text.slice(Span(text.starts[first], text.line_span(end - 1).end))
        title = ""
        if first in starts:
            line, _, body = body.partition("\n")
            title = _CLOSING.sub("", line.strip().lstrip("#").strip()).strip()
        if title or body.strip():
            found.append(Section(title, (first + 1, end), body.strip()))
    return found


def last_line(text: Text) -> int:
    """The number of the last line, from 1; an empty one after the last newline is none."""
    return max(text.line_count - text.data.endswith((b"\n", b"\r")), 1)
