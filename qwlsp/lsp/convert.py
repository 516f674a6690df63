"""Between LSP's types and the core's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified, JsonRpcException, JsonRpcInvalidParams
from pygls.uris import to_fs_path

from qwlsp.answers import Detail
from qwlsp.documents import Change
from qwlsp.errors import BadRequest, QwlspError, StaleVersion
from qwlsp.text import Encoding, Position, Range, Span, Text

REQUEST_FAILED = -32803


@dataclass(frozen=True, kw_only=True)
class CommandArgument:
    """The one argument of our commands, checked."""

    uri: str
    version: int | None
    range: Range | None
    detail: Detail | None
    question: str | None
    after: str | None
    fresh: bool
    wait: bool
    with_callers: bool
    preview: bool
    origin: str | None


def command_argument(arguments: Any) -> CommandArgument:
    """The checked argument of a command. Raises BadRequest."""
    data = arguments[0] if isinstance(arguments, (list, tuple)) and arguments else None
    if not isinstance(data, Mapping):
        raise BadRequest("The command needs one object as its argument.")
    uri, version = data.get("uri"), data.get("version")
    if not isinstance(uri, str):
        raise BadRequest("The command's argument needs a uri.")
    if version is not None and not isinstance(version, int):
        raise BadRequest("The version in the command's argument must be a whole number.")
    detail, after = data.get("detail"), data.get("after")
    if detail not in (None, "brief", "full"):
        raise BadRequest('The detail in the command\'s argument must be "brief" or "full".')
    question = data.get("question")
    if question is not None and not isinstance(question, str):
        raise BadRequest("The question in the command's argument must be a text.")
    return CommandArgument(
        uri=uri,
        version=version,
        range=_range(data.get("range")),
        detail=detail,
        question=question,
        after=str(after) if after is not None else None,
        fresh=data.get("fresh") is True,
        wait=data.get("wait") is True,
        with_callers=data.get("withCallers") is True,
        preview=data.get("preview") is True,
        origin=data["origin"] if isinstance(data.get("origin"), str) else None,
    )


def _range(data: object) -> Range | None:
    if data is None:
        return None
    try:
        ends = [
            Position(_whole(data[end]["line"]), _whole(data[end]["character"]))  # type: ignore[index]
            for end in ("start", "end")
        ]
    except (KeyError, TypeError):
        raise BadRequest("The range in the command's argument is not an LSP range.") from None
    return Range(*ends)


def needed(range_: Range | None) -> Range:
    """A range that can't be left out. Raises BadRequest."""
    if range_ is None:
        raise BadRequest("The command's argument needs a range.")
    return range_


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value


def span_of(range_: Range | None, text: Text, encoding: Encoding) -> Span:
    """The bytes a range stands for; an empty or one-character one, which some editors send for
    a mere cursor, is its start; none is the start of the text. Raises BadRequest past the end."""
    if range_ is None:
        return Span(0, 0)
    if range_.start.line >= text.line_count:
        raise BadRequest(
            f"There is no line {range_.start.line + 1}: the text has {text.line_count} lines."
        )
    span = text.span(range_, encoding)
    if len(text.slice(span)) <= 1:
        return Span(span.start, span.start)
    return span


def to_range(range_: types.Range) -> Range:
    """The core's range."""
    return Range(to_position(range_.start), to_position(range_.end))


def to_position(position: types.Position) -> Position:
    """The core's position."""
    return Position(position.line, position.character)


def from_range(range_: Range) -> types.Range:
    """LSP's range."""
    start, end = range_.start, range_.end
    return types.Range(
        types.Position(start.line, start.character), types.Position(end.line, end.character)
    )


def to_changes(events: list[types.TextDocumentContentChangeEvent]) -> list[Change]:
    """The core's changes."""
    return [
        Change(
            to_range(event.range)
            if isinstance(event, types.TextDocumentContentChangePartial)
            else None,
            event.text,
        )
        for event in events
    ]


def file_name(uri: str) -> str:
    """The path of a file's URI, any other URI as it is."""
    return (to_fs_path(uri) or uri) if uri.startswith("file:") else uri


def short_name(uri: str) -> str:
    """The last part of a URI's path, for titles."""
    return unquote(urlsplit(uri).path).rpartition("/")[2] or uri


def to_error(error: QwlspError) -> JsonRpcException:
    """The error response that carries an error's sentence."""
    if isinstance(error, StaleVersion):
        return JsonRpcContentModified(str(error))
    if isinstance(error, BadRequest):
        return JsonRpcInvalidParams(str(error))
    return JsonRpcException(str(error), code=REQUEST_FAILED)
