"""How to quote code: one line of it, short and safe to print, or the value of a string literal."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from tree_sitter import Node


def parts(node: Node | None) -> list[Node]:
    """Return what a node is made of, without comments and syntax errors; nothing for None."""
    children = node.named_children if node else []
    return [child for child in children if not child.is_extra and not child.is_error]


def node_text(node: Node | None) -> str:
    """Return a node's code, or "" for no node."""
    return (node.text or b"").decode("utf-8", "replace") if node else ""


@dataclass(frozen=True)
class Code:
    """A part of the file to quote from.

    It keeps the part's bytes, because asking every node for its own text takes quadratic time
    where nodes nest deeply.
    """

    data: bytes
    start: int

    @classmethod
    def of(cls, node: Node) -> Code:
        """Return the code of `node`, to quote it and the nodes in it."""
        return cls(node.text or b"", node.start_byte)

    def quote(self, node: Node, limit: int = 60) -> str:
        """Return the code of a node inside this part as `between` does."""
        return self.between(node.start_byte, node.end_byte, limit)

    def between(self, start: int, end: int, limit: int = 60) -> str:
        """Return the code from `start` to `end` (byte offsets in the file) on one line.

        Comments are left out, runs of blanks are one space, what cannot be printed is U+FFFD, and
        what is longer than `limit` characters ends in "…".
        """
        cut = min(end, start + 8 * limit)
        raw = self.data[start - self.start : cut - self.start]
        if b"#" in raw:
            raw = _COMMENT.sub(lambda match: match[0] if match["quote"] else b"", raw)
        text = _LINE_BREAK.sub(r"\1\2", raw.decode("utf-8", "ignore"))
        line = shorten(" ".join(text.split()) + "…" * (cut < end), limit)
        if line.isprintable():
            return line
        return "".join(c if c.isprintable() else "\ufffd" for c in line)


# String literals are matched too, so that a "#" in one does not look like a comment.
_COMMENT = re.compile(
    rb"""(?P<quote>\"{3}|'{3}|["'])(?:\\.|(?!(?P=quote)).)*(?:(?P=quote)|\Z)|\#[^\r\n]*""",
    re.DOTALL,
)
# Line breaks that need no space in their place: after a backslash or next to a bracket.
_LINE_BREAK = re.compile(r"\\\r?\n|([(\[{])\s*\n\s*|,?\s*\n\s*([)\]}])")


def shorten(text: str, limit: int) -> str:
    """Return `text` cut to `limit` characters, the last of them "…" if anything was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def first_paragraph(docstring: str) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join(re.split(r"\n\s*\n", docstring, maxsplit=1)[0].split())


def docstring(body: Node | None) -> str | None:
    """Return the docstring that starts a body or module, without its indentation."""
    statement = next(iter(parts(body)), None)
    if statement is None or statement.type != "expression_statement":
        return None
    value = statement.children[0]
    literals = parts(value) if value.type == "concatenated_string" else [value]
    texts = [text for text in map(_string_value, literals) if text is not None]
    return inspect.cleandoc("".join(texts)) or None if len(texts) == len(literals) else None


_STRING = re.compile(r"([rRuU]?)(\"{3}|'{3}|[\"'])(.*)\2", re.DOTALL)
_ESCAPE = re.compile(r"\\(\n|.)")
_ESCAPED = {"\n": "", "n": "\n", "t": "\t", "\\": "\\", "'": "'", '"': '"'}


def _string_value(node: Node) -> str | None:
    """Return the value of a string literal (rare escapes as written), None for anything else."""
    text = node_text(node).replace("\r\n", "\n").replace("\r", "\n")
    literal = _STRING.fullmatch(text) if node.type == "string" else None
    if literal is None or literal[1] in ("r", "R"):
        return literal and literal[3]
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), literal[3])
