"""The one gate through which all Markdown leaves the server.

What a model writes, and what stands in a person's code, is untrusted: it must not load an
image, run an editor's command or bring HTML into the window that shows it. `sanitize` parses the
text (markdown-it-py) and writes it anew from the syntax tokens that may stay. Text is escaped
while it is written, and the result is parsed again until nothing changes any more: so nothing in
a result reads as a link or an image that was not let through.

mdformat, the usual renderer from tokens to Markdown, is not used: it writes HTML for a line
break in a heading, renumbers lists, has no tables, searches all siblings again for each node, and
takes several times as long as the parser.

Blank space and marks may change, what is shown does not. The parser is imported at first use.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LONGEST = 50_000  # characters that are read; a longer text is cut
_CUT = _LONGEST // 2  # to here, which leaves room for what escaping adds
_DEEPEST = 20  # levels of quotes, lists (which count twice), brackets and emphasis
_ROUNDS = 4  # in which a text must settle; two are the rule

# Control characters but newline and tab, line separators, and what reverses reading direction.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_ALLOWED_URL = re.compile(r"(?:https?://|mailto:)[!-~]+", re.IGNORECASE)
_ENTITY = re.compile(r"&(?=#?\w+;)")

# What would be markup if it stood in a text unescaped.
_MARKUP = re.compile(
    r"""
    \\(?=[!-/:-@\[-`{-~]|$)             # backslash that would escape what follows
  | (?<!\s)\*|\*(?!\s)                  # emphasis
  | (?<!\w)_+|(?<!_)_+(?!\w)            # emphasis; not inside a word
  | \](?=[(:\[])                        # link, image, definition
  | (?<=ftp):(?=//)|(?<=xmpp):          # addresses that GitHub's Markdown makes links
""",
    re.VERBOSE | re.IGNORECASE,
)
# Code that would load, run or be HTML if a viewer read it as text. Viewers do that: marked, which
# VS Code uses, finds the ends of links, emphasis, strikethrough and addresses also in code spans.
_ACTIVE_CODE = re.compile(r"!\[|\]\(|<[A-Za-z/!?]|ftp://|xmpp:", re.IGNORECASE)
_BARE_URL = re.compile(r"https?://|www\.", re.IGNORECASE)

# What would start another block, or make a heading or a table of the line above.
_BLOCK_START = re.compile(
    r"""
    \#{1,6}(?:\s|$)                     # heading
  | >                                   # quote
  | [-+*](?:\s|$)                       # list
  | ~~~                                 # fence
  | \[(?!(?:\\.|[^\[\]\\])*[\[\]])      # definition, whose label some viewers read on and on
  | =+\s*$                              # underlined heading
  | (?=[|:\s]*-)[|:\s-]*$               # underlined heading, rule, table
""",
    re.VERBOSE,
)
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")

# Blocks that what follows them without a blank line can become a part of.
_OPEN_ENDED = {"blockquote_open", "bullet_list_open", "ordered_list_open", "table_open"}
_ALIGNED = {
    "": "---",
    "text-align:left": ":--",
    "text-align:center": ":-:",
    "text-align:right": "--:",
}


def sanitize(markdown: str) -> str:
    """Return `markdown` with only what is safe to show in an editor; never raises.

    - An image becomes its alternative text.
    - A link stays if it leads to http, https or mailto and its text can be seen; of any other
      link only the text stays. Titles of links and reference definitions go.
    - HTML is shown as text. Code spans and fences keep their content, and every fence is closed.
    - Control characters but newline and tab, and characters that reverse the reading direction,
      are removed; a lone surrogate becomes U+FFFD.
    - Over 50,000 characters, a text is cut to half of that. What is nested deeper than 20 levels
      is dropped.

    The result has no newline at its end, and `sanitize` returns it as it is.
    """
    text = re.sub(r"\r\n?", "\n", markdown)
    text = _SURROGATE.sub("\ufffd", _UNSEEN.sub("", text))
    for _ in range(_ROUNDS):
        if len(text) > _LONGEST:
            text = text[:_CUT]
        before, text = text, _joined(_blocks(iter(_parser().parse(text))), loose=True)
        if text == before:
            return text
    return fenced(text[:_CUT])


def fenced(code: str, language: str = "") -> str:
    """Return `code` as a fenced code block that nothing in it can close."""
    ticks = "`" * max(3, _longest_run(code) + 1)
    end = "" if not code or code.endswith("\n") else "\n"
    return f"{ticks}{language}\n{code}{end}{ticks}"


def _longest_run(code: str) -> int:
    """Length of the longest row of backticks."""
    return max(map(len, re.findall("`+", code)), default=0)


@functools.cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    class Parser(MarkdownIt):
        def validateLink(self, url: str) -> bool:
            """Call every link a link, so that of a bad one the text can be told from the URL."""
            return True

    # Viewers know tables, and where a cell ends, they end a code span: what a parser without tables
    # takes for code could be markup to them.
    return Parser("commonmark", {"html": False, "maxNesting": _DEEPEST}).enable("table")


class _Block(NamedTuple):
    kind: str  # type of its first token
    text: str
    loose: bool  # a paragraph with blank lines around it, which it can lack in a list


def _blocks(stream: Iterator[Token]) -> list[_Block]:
    """Write the blocks of the container that `stream` is in, reading to its end.

    Calls itself for containers inside, to the depth at which the parser stops.
    """
    blocks = []
    for token in stream:
        if token.nesting < 0:
            break
        text = _block(token, stream)
        if text:
            loose = token.type == "paragraph_open" and not token.hidden
            blocks.append(_Block(token.type, text, loose))
    return blocks


def _block(token: Token, stream: Iterator[Token]) -> str:
    """Write the block that starts with `token`; empty if nothing of it stays."""
    match token.type:
        case "blockquote_open":
            return _prefixed("> ", "> ", _joined(_blocks(stream), loose=True))
        case "bullet_list_open" | "ordered_list_open":
            return _list(stream)
        case "table_open":
            return _table(stream)
        case "fence" | "code_block":
            return fenced(token.content, "".join(re.findall(r"^\s*([\w+#.-]+)", token.info)))
        case "hr":
            return "___"  # dashes can underline a heading, asterisks can start a list
    inline, _end = next(stream), next(stream)
    text = _inline(inline.children or [])
    return _heading(int(token.tag[1:]), text) if token.type == "heading_open" else _paragraph(text)


def _joined(blocks: Sequence[_Block], *, loose: bool) -> str:
    return ("\n\n" if loose else "\n").join(block.text for block in blocks)


def _prefixed(first: str, others: str, text: str) -> str:
    """Put `first` before the first line of `text`, and `others` before the others."""
    top, *rest = text.split("\n")
    lines = [first + top, *(others + line if line else others.rstrip() for line in rest)]
    return "\n".join(lines) if top else "\n".join([first.rstrip(), *lines[1:]])


def _list(stream: Iterator[Token]) -> str:
    items = []
    for token in stream:
        if token.nesting < 0:
            break
        items.append((f"{token.info}{token.markup} ", _blocks(stream)))
    loose = any(
        block.loose or (block.kind in _OPEN_ENDED and block is not blocks[-1])
        for _, blocks in items
        for block in blocks
    )
    return ("\n\n" if loose else "\n").join(
        _prefixed(marker, " " * len(marker), _joined(blocks, loose=loose))
        for marker, blocks in items
    )


def _table(stream: Iterator[Token]) -> str:
    rows: list[list[str]] = []
    alignments = []
    for token in stream:
        match token.type:
            case "table_close":
                break
            case "tr_open":
                rows.append([])
            case "th_open":
                alignments.append(_ALIGNED[str(token.attrs.get("style", ""))])
            case "inline":
                rows[-1].append(_cell(token.children or []))
    rows.insert(1, alignments)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(tokens: Sequence[Token]) -> str:
    text = _one_line(_inline(tokens))
    if r"\|" not in text:
        return text.replace("|", r"\|")
    # Viewers do not agree whether a pipe after a backslash ends the cell, and code has no other
    # way to write it: so code becomes text here.
    for token in tokens:
        if token.type == "code_inline":
            token.type = "text"
    return _one_line(_inline(tokens)).replace("|", "&#124;")


def _heading(level: int, text: str) -> str:
    text = _one_line(text)
    if text.endswith("#"):  # a heading may end in such signs, which are not shown
        text = text[:-1] + r"\#"
    return f"{'#' * level} {text}".rstrip()


def _one_line(text: str) -> str:
    return text.replace("  \n", " ").replace("\n", " ").strip(" ")


def _paragraph(text: str) -> str:
    return "\n".join(_line(line.lstrip(" ")) for line in text.strip(" \n").split("\n"))


def _line(line: str) -> str:
    """Escape what would make something else of this line of a paragraph."""
    if _BLOCK_START.match(line):
        return "\\" + line
    return _NUMBERED.sub(r"\1\\\2", line)


def _inline(tokens: Sequence[Token]) -> str:
    """Write what stands in a paragraph, heading or cell."""
    parts: list[str] = []
    starts: list[int] = []  # of the emphasis and links that are open: where in `parts`
    in_link = in_url = after_code = False
    kept = _kept(tokens)
    codes = "".join(token.content for token in kept if token.type == "code_inline")
    careful = _ACTIVE_CODE.search(codes) is not None
    for token in kept:
        match token.type:
            case "text":
                parts.append(_text(token.content, in_link=in_link, careful=careful))
                word = token.content.rpartition(" ")[2]
                in_url = (in_url and word == token.content) or bool(_BARE_URL.search(word))
            case "code_inline":
                # Nothing between two code spans makes one of them; an address is linked up to the
                # next space, backticks included.
                parts.append(" " * (after_code or (in_url and careful)) + _code(token.content))
                in_url = False
            case "softbreak" | "hardbreak":
                parts.append("\n" if token.type == "softbreak" else "  \n")
            case "link_open":
                in_link = True
                starts.append(len(parts))
                parts.append(str(token.attrs["href"]))
            case "link_close":
                in_link, in_url = False, True
                _close_link(parts, starts.pop(), is_autolink=token.markup == "autolink")
            case _ if token.nesting > 0:
                starts.append(len(parts))
                dropped = len(starts) > _DEEPEST or (careful and "`" in codes)
                parts.append("" if dropped else token.markup)
            case _:
                start = starts.pop()
                parts.append(parts[start])
                if start == len(parts) - 2:  # nothing stayed inside
                    del parts[start:]
        after_code = token.type == "code_inline"
    return "".join(parts)


def _close_link(parts: list[str], start: int, *, is_autolink: bool) -> None:
    """Make a link of the last `parts`: the URL at `start`, the rest its text, if that is seen."""
    url, label = parts[start], _one_line("".join(parts[start + 1 :]))
    if not any(character.isprintable() and not character.isspace() for character in label):
        parts[start] = ""
        return
    if is_autolink:
        is_email = url == f"mailto:{label}" and label[0].isalnum()  # not "!--@example.org"
        parts[start:] = [f"<{label if is_email else url}>"]
        return
    if start and parts[start - 1].endswith("!"):  # would make an image of it
        parts[start - 1] = parts[start - 1][:-1] + r"\!"
    url = _ENTITY.sub("&amp;", url).replace("(", "%28").replace(")", "%29")
    parts[start:] = [f"[{label}]({url})"]


def _kept(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens that may stay: images as text, bad links without their link, texts joined.

    Joined, because how a character must be escaped depends on its neighbours.
    """
    kept: list[Token] = []
    links: list[bool] = []  # whether each open link stays; an autolink can stand in another link
    for token in tokens:
        if token.type == "link_open":
            allowed = _ALLOWED_URL.fullmatch(str(token.attrs["href"])) is not None
            links.append(allowed and not any(links))
        stays = links[-1] if token.type in ("link_open", "link_close") else True
        if token.type == "link_close":
            links.pop()
        if not stays:
            continue
        if token.type == "code_inline" and any(links) and _ACTIVE_CODE.search(token.content):
            text = token.content
        elif token.type in ("text", "image"):
            text = _alternative(token) if token.type == "image" else token.content
        else:
            kept.append(token)
            continue
        if kept and kept[-1].type == "text":
            kept[-1].content += text
        elif text:
            kept.append(token.copy(type="text", content=text))
    return kept


def _alternative(image: Token) -> str:
    """Return the text of an image, of images and links in it too, without marks."""
    texts = []
    pending = [image]
    while pending:
        token = pending.pop()
        pending.extend(reversed(token.children or []))
        if token.type in ("softbreak", "hardbreak"):
            texts.append(" ")
        elif token.type != "image":
            texts.append(token.content)
    return "".join(texts)


def _text(text: str, *, in_link: bool, careful: bool) -> str:
    """Escape what would be markup in `text`, and remove what entities may have brought in.

    `careful`: with entities, which no viewer takes for markup, for the sake of code beside it.
    """
    text = re.sub(r"[ \t\n\r]+", " ", _UNSEEN.sub("", text))
    text = _ENTITY.sub("&amp;", text).replace("<", "&lt;")
    special = "`[]~*" if careful else "`[]" if in_link else "`"
    text = text.translate({ord(character): f"&#{ord(character)};" for character in special})

    def escape(markup: re.Match[str]) -> str:
        return "".join(f"&#{ord(c)};" if careful else f"\\{c}" for c in markup[0])

    return _MARKUP.sub(escape, text)


def _code(code: str) -> str:
    ticks = "`" * (_longest_run(code) + 1)
    # Readers take one space away at both ends, unless there is nothing but spaces.
    padded = "`" in (code[0], code[-1]) or (code[0] == code[-1] == " " and code.strip(" "))
    pad = " " if padded else ""
    return f"{ticks}{pad}{code}{pad}{ticks}"
