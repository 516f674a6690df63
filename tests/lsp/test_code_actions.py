from __future__ import annotations

import pytest
from lsprotocol import types

from tests.lsp.editor import Document, Editor

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_action_explains(editor: Editor, document: Document) -> None:
    [action] = await editor.explanations(document, document.cursor("result +="))
    assert action.title == "Explain `total`"
    assert action.kind == "qwlsp.explain"
    assert action.is_preferred is None
    assert action.edit is None
    assert action.command is not None and action.command.command == "qwlsp.explain"


async def test_the_actions_command_works_as_it_is(editor: Editor, document: Document) -> None:
    [action] = await editor.explanations(document, document.cursor("result +="))
    assert action.command is not None and action.command.arguments is not None
    job = await editor.command(action.command.command, *action.command.arguments)
    assert (await editor.ended(job))["result"]["symbol"] == "total"


async def test_the_actions_command_knows_the_version_it_was_offered_for(
    editor: Editor, document: Document
) -> None:
    editor.edit(document, "price in", "cost in")
    [action] = await editor.explanations(document, document.cursor("result +="))
    assert action.command is not None and action.command.arguments is not None
    assert action.command.arguments[0]["version"] == 2


PLACES = [
    ("apples.append", "Explain `add`"),
    ("def add", "Explain `add`"),
    ('kind = "wicker"', "Explain `Basket`"),
    ("class Basket", "Explain `Basket`"),
    ("LIMIT", "Explain `basket.py`"),
]


@pytest.mark.parametrize("width", [0, 1])
@pytest.mark.parametrize(("at", "title"), PLACES)
async def test_a_cursor_means_what_is_around_it(
    editor: Editor, document: Document, at: str, title: str, width: int
) -> None:
    start = document.position(at)
    cursor = types.Range(start, types.Position(start.line, start.character + width))
    assert [action.title for action in await editor.explanations(document, cursor)] == [title]


@pytest.mark.parametrize(
    ("first", "last", "title"),
    [
        ("self.apples.append", "return len", "Explain `add`"),
        ("kind", "return len", "Explain `Basket`"),
        ("return len", "result +=", "Explain `basket.py`"),
    ],
)
async def test_a_selection_means_what_is_around_all_of_it(
    editor: Editor, document: Document, first: str, last: str, title: str
) -> None:
    selection = types.Range(document.position(first), document.position(last))
    assert [action.title for action in await editor.explanations(document, selection)] == [title]


EXPLAIN, FIND_BUG = "qwlsp.explain", "qwlsp.findBug"
MAKE_ASYNC = "refactor.rewrite.qwlsp.makeAsync"


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        (["qwlsp"], {EXPLAIN, FIND_BUG}),
        (["qwlsp.explain"], {EXPLAIN}),
        (["qwlsp.findBug"], {FIND_BUG}),
        ([""], {EXPLAIN, FIND_BUG, MAKE_ASYNC}),
        (["quickfix", "qwlsp"], {EXPLAIN, FIND_BUG}),
        (["refactor"], {MAKE_ASYNC}),
        (["refactor.rewrite"], {MAKE_ASYNC}),
    ],
)
async def test_the_actions_of_a_kind_are_there_when_it_is_asked_for(
    editor: Editor, document: Document, only: list[str], kinds: set[str]
) -> None:
    actions = await editor.actions(document, document.cursor("result +="), only)
    assert {action.kind for action in actions} == kinds
    assert not any(action.is_preferred for action in actions)


@pytest.mark.parametrize(
    "only",
    [
        ["source"],
        ["source.fixAll"],
        ["quickfix"],
        ["refactor.extract"],
        ["qwlsp.ex"],
        ["qwlsp.explain.more"],
    ],
)
async def test_no_action_is_there_when_others_are_asked_for(
    editor: Editor, document: Document, only: list[str]
) -> None:
    assert await editor.actions(document, document.cursor("result +="), only) == []


async def test_text_can_be_explained_too(editor: Editor) -> None:
    notes = editor.open("file:///notes.md", "# One\n\nA.\n\n# Two\n\nB.\n", "markdown")
    assert await editor.title(notes, "A.") == "Explain this passage of `notes.md`"


async def test_a_function_in_another_language(editor: Editor) -> None:
    script = editor.open(
        "file:///cart.ts", "function total(n: number) {\n  return n\n}\n", "typescript"
    )
    assert await editor.title(script, "return") == "Explain `total`"


async def test_a_closed_buffer_has_no_actions(editor: Editor, document: Document) -> None:
    identifier = types.TextDocumentIdentifier(document.uri)
    editor.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
    assert await editor.actions(document, document.cursor("LIMIT")) == []


async def test_a_line_past_the_end_has_no_actions(editor: Editor, document: Document) -> None:
    nowhere = types.Position(500, 0)
    assert await editor.actions(document, types.Range(nowhere, nowhere)) == []
