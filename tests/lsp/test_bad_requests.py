"""Requests that make no sense get an answer that says so, and the server goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.contract import check_explanation, focus_of
from tests.lsp.editor import Document, Editor, open_editor

pytestmark = pytest.mark.asyncio(loop_scope="session")

INVALID_PARAMS = types.ErrorCodes.InvalidParams
NOWHERE = {"line": 5000, "character": 0}


async def _refusal(editor: Editor, *arguments: Any, name: str = "qwlsp.explain") -> Any:
    """The error that a command is refused with."""
    with pytest.raises(JsonRpcException) as error:
        await editor.command(name, *arguments)
    assert "Traceback" not in str(error.value.data)
    return error.value


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "The command needs one object as its argument."),
        ([None], "The command needs one object as its argument."),
        (["file:///a.py"], "The command needs one object as its argument."),
        ([[]], "The command needs one object as its argument."),
        ([{}], "The command's argument needs a uri."),
        ([{"uri": 1}], "The command's argument needs a uri."),
        ([{"uri": "file:///no/such.py"}], "such.py is not open."),
        ([{"uri": ""}], " is not open."),
    ],
)
async def test_arguments_that_name_no_document(
    editor: Editor, arguments: list[Any], sentence: str
) -> None:
    error = await _refusal(editor, *arguments)
    assert (error.code, error.message) == (INVALID_PARAMS, sentence)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"version": "1"}, "The version in the command's argument must be a whole number."),
        ({"detail": "long"}, 'The detail in the command\'s argument must be "brief" or "full".'),
        ({"after": "no such answer"}, "There is no answer no such answer to go on with."),
        ({"range": {"start": NOWHERE, "end": NOWHERE}}, None),
        *(
            ({"range": range_}, "The range in the command's argument is not an LSP range.")
            for range_ in (
                3,
                "1:2",
                [],
                {},
                {"start": {"line": 1, "character": 1}},
                {"start": {"line": 1}, "end": {"line": 1}},
                {"start": {"line": "1", "character": 1}, "end": {"line": 1, "character": 1}},
                {"start": {"line": 1.5, "character": 1}, "end": {"line": 1, "character": 1}},
                {"start": None, "end": None},
            )
        ),
    ],
)
async def test_arguments_that_make_no_sense(
    editor: Editor, document: Document, more: dict[str, Any], sentence: str | None
) -> None:
    error = await _refusal(editor, {"uri": document.uri, "wait": True, **more})
    lines = document.text.count("\n") + 1
    expected = sentence or f"There is no line 5001: the text has {lines} lines."
    assert (error.code, error.message) == (INVALID_PARAMS, expected)


async def test_a_version_that_is_not_there_any_more(editor: Editor, document: Document) -> None:
    editor.edit(document, "LIMIT", "LIMITS")
    error = await _refusal(editor, {"uri": document.uri, "version": 1})
    assert error.code == types.LSPErrorCodes.ContentModified
    assert "version 1 was asked about" in error.message
    assert "version 2 is open" in error.message


async def test_a_request_that_is_none_of_the_protocols(home: Path, basket: str) -> None:
    negative = types.Position(0, 0)
    object.__setattr__(negative, "line", -1)  # past lsprotocol's own check
    async with open_editor(home) as editor:
        document = editor.open("file:///basket.py", basket)
        with pytest.raises(JsonRpcException) as error:
            await editor.hover(document, negative)
        assert error.value.code == INVALID_PARAMS
        assert await editor.title(document, "result +=") == "Explain `total`"


async def test_an_unknown_command(editor: Editor) -> None:
    error = await _refusal(editor, {}, name="qwlsp.dance")
    assert error.code == INVALID_PARAMS
    assert error.message == "There is no command qwlsp.dance."


async def test_a_range_that_ends_before_it_starts(editor: Editor, document: Document) -> None:
    start, end = document.position("result +="), document.position("for price")
    [action] = await editor.explanations(document, types.Range(start, end))
    assert action.title == "Explain `total`"
    backwards = {"start": start, "end": end}
    result = await editor.command(
        "qwlsp.explain", {"uri": document.uri, "range": backwards, "wait": True}
    )
    assert result["symbol"] == "total"


async def test_characters_past_the_end_of_a_line(editor: Editor, document: Document) -> None:
    line = document.position("result +=").line
    far = types.Position(line, 100_000)
    [action] = await editor.explanations(document, types.Range(far, far))
    assert action.title == "Explain `total`"
    assert await editor.hover(document, far) is None


async def test_a_change_of_a_document_that_is_not_open(editor: Editor) -> None:
    ghost = Document("file:///ghost.py", "")
    editor.change(ghost, types.Range(types.Position(0, 0), types.Position(0, 0)), "x")
    await editor.hear(types.WINDOW_SHOW_MESSAGE, lambda p: p.message == "ghost.py is not open.")


async def test_a_hover_in_a_document_that_is_not_open(editor: Editor) -> None:
    ghost = Document("file:///ghost.py", "")
    assert await editor.hover(ghost, types.Position(0, 0)) is None


async def test_a_change_past_the_end_is_put_at_the_end(editor: Editor, document: Document) -> None:
    far = types.Position(5000, 5000)
    editor.change(document, types.Range(far, far), "\n\ndef last():\n    pass\n")
    there = types.Position(document.text.count("\n") + 3, 4)
    [action] = await editor.explanations(document, types.Range(there, there))
    assert action.title == "Explain `last`"


async def test_a_megabyte_on_one_line(editor: Editor) -> None:
    huge = editor.open("file:///huge.py", "x = [" + "1, " * 350_000 + "]\ndef f(): pass\n")
    assert await editor.title(huge, "def f") == "Explain `f`"
    check_explanation(await editor.explained(huge, "def f"))
    editor.edit(huge, "def f", "def g")
    assert await editor.title(huge, "def g") == "Explain `g`"


async def test_a_function_too_long_for_any_prompt(editor: Editor) -> None:
    huge = editor.open("file:///long.py", "def f():\n    x = [" + "1, " * 40_000 + "]\n")
    result = await editor.explained(huge, "def f")
    check_explanation(result)
    seen = focus_of(result)
    unseen = next(piece for piece in result["left_out"] if piece["role"] == "focus")
    assert (seen["lines"], unseen["lines"]) == ([1, 1], [2, 2])
    assert unseen["tokens"] > 50_000


async def test_a_line_that_can_not_be_cut(editor: Editor) -> None:
    huge = editor.open("file:///wide.py", "x = [" + "1, " * 40_000 + "]")
    error = await _refusal(editor, {"uri": huge.uri, "wait": True})
    assert error.code == types.LSPErrorCodes.RequestFailed
    assert error.message.startswith("The prompt needs")
    assert "the context holds only" in error.message


async def test_lone_surrogates_in_the_text(editor: Editor, basket: str) -> None:
    odd = editor.open("file:///odd.py", basket.replace("apples.", "\ud800."))
    check_explanation(await editor.explained(odd, "result +="))


async def test_nul_and_other_control_characters(editor: Editor, basket: str) -> None:
    odd = editor.open("file:///nul.py", basket.replace("LIMIT = 3", "LIMIT = '\0\x1b\f\u2028'"))
    check_explanation(await editor.explained(odd, "result +="))
    assert await editor.title(odd, "result +=") == "Explain `total`"
