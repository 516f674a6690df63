"""Find bug in an editor: diagnostics that move with the text, quick fixes, what was dismissed."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from qwlsp.text import Encoding, Position, Range, Text
from tests.contract import KEYS
from tests.lsp.editor import Document, Editor, model_name, open_editor, paused

SESSION = pytest.mark.asyncio(loop_scope="session")

CODE = '''\
"""Apples, and what is wrong with them."""


def add(apple, basket=[]):
    basket.append(apple)
    return basket


def is_ripe(apple):
    return apple.colour is "red"


def price(apple):
    return prise * apple.weight
'''
ADD, RIPE, PRICE = "basket=[]", "apple.colour is", "prise"
CODES = ["B006", "F632", "F821"]

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    """An editor without a model, shared by all tests that leave its settings as they are."""
    async with open_editor(tmp_path_factory.mktemp("home")) as shared:
        yield shared


@pytest.fixture
def apples(plain: Editor) -> Document:
    """A buffer with three bugs in the shared editor, in a file of its own."""
    return plain.open(f"file:///apples/{next(_numbers)}/apples.py", CODE)


async def look(
    editor: Editor, document: Document, at: str | None = None, **more: Any
) -> dict[str, Any]:
    """The finished report; without a place, about the whole file."""
    place = {} if at is None else {"range": document.cursor(at)}
    argument = {"uri": document.uri, "version": document.version, "wait": True, **place, **more}
    reply: dict[str, Any] = await editor.command("qwlsp.findBug", argument)
    return reply


def published(editor: Editor, document: Document) -> list[types.PublishDiagnosticsParams]:
    """All diagnostics of a buffer so far."""
    heard = editor.all_heard(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    return [params for params in heard if params.uri == document.uri]


async def shown(editor: Editor, document: Document) -> dict[str, str]:
    """Each diagnostic of the buffer as it is now: its code, and the text that it underlines."""
    await editor.hover(document, types.Position(0, 0))  # by then all before it was answered
    last = published(editor, document)[-1]
    return {str(each.code): underlined(document, each.range) for each in last.diagnostics}


def underlined(document: Document, range_: types.Range) -> str:
    text = Text.of(document.text)
    return text.slice(text.span(_range(range_), Encoding.UTF16))


async def quick_fixes(editor: Editor, document: Document, at: str) -> list[types.CodeAction]:
    return await editor.actions(document, document.cursor(at), [types.CodeActionKind.QuickFix])


def apply(editor: Editor, document: Document, action: types.CodeAction) -> None:
    """Make the edits of an action, as an editor does, from the last one on."""
    assert action.edit is not None and action.edit.document_changes is not None
    [change] = action.edit.document_changes
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document.uri == document.uri
    assert change.text_document.version == document.version
    for edit in sorted(change.edits, key=_start, reverse=True):
        assert isinstance(edit, types.TextEdit)
        text = Text.of(document.text)
        span = text.span(_range(edit.range), Encoding.UTF16)
        document.text = str(text.replace(span, edit.new_text))
        editor.change(document, edit.range, edit.new_text)


def save(editor: Editor, uri: str) -> None:
    editor.text_document_did_save(
        types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri))
    )


async def next_job(editor: Editor, document: Document) -> int:
    """The number of a job that is started now: one more than there were."""
    job = await editor.command("qwlsp.explain", {"uri": document.uri})
    await editor.ended(job)
    return int(job["id"])


def _start(edit: Any) -> tuple[int, int]:
    return edit.range.start.line, edit.range.start.character


def _range(range_: types.Range) -> Range:
    start, end = range_.start, range_.end
    return Range(Position(start.line, start.character), Position(end.line, end.character))


def lines_of(data: dict[str, Any]) -> list[int]:
    return [each["range"]["start"]["line"] for each in data["findings"]]


def origins(data: dict[str, Any]) -> list[str]:
    return [each["origin"].removeprefix("ruff:") for each in data["findings"]]


# What is offered, answered and shown.


@SESSION
async def test_it_is_offered_for_what_is_under_the_cursor(plain: Editor, apples: Document) -> None:
    [action] = await plain.actions(apples, apples.cursor(RIPE), ["qwlsp.findBug"])
    assert (action.title, action.kind) == ("Find bugs in `is_ripe`", "qwlsp.findBug")
    assert action.command is not None and action.command.command == "qwlsp.findBug"
    assert action.is_preferred is None


@SESSION
async def test_the_command_of_the_action_finds_the_bug(plain: Editor, apples: Document) -> None:
    [action] = await plain.actions(apples, apples.cursor(RIPE), ["qwlsp.findBug"])
    assert action.command is not None and action.command.arguments is not None
    job = await plain.command(action.command.command, *action.command.arguments)
    last = await plain.ended(job)
    assert (last["action"], origins(last["result"])) == ("find-bug", ["F632"])


@SESSION
async def test_the_reply_is_what_editors_rely_on(plain: Editor, apples: Document) -> None:
    result = await look(plain, apples)
    assert set(result) == KEYS | {"findings", "warnings"}
    assert (result["action"], result["source"], result["model"]) == ("find-bug", "rules", None)
    assert result["file"] == "/apples/" + apples.uri.split("/")[-2] + "/apples.py"
    assert origins(result) == CODES
    assert (result["cached"], result["truncated"], result["warnings"]) == (False, False, [])
    [_, ripe, _] = result["findings"]
    line = apples.position(RIPE).line
    assert ripe == {
        "range": {"start": {"line": line, "character": 11}, "end": {"line": line, "character": 32}},
        "severity": "warning",
        "message": "Use `==` to compare constant literals.",
        "quote": 'return apple.colour is "red"',
        "origin": "ruff:F632",
        "kind": "identity of values",
        "confidence": 1.0,
        "fix": [
            {
                "file": result["file"],
                "range": {
                    "start": {"line": line, "character": 24},
                    "end": {"line": line, "character": 26},
                },
                "new_text": "==",
            }
        ],
    }


@SESSION
async def test_findings_are_diagnostics(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    last = published(plain, apples)[-1]
    assert last.version == apples.version
    assert [(each.code, each.severity) for each in last.diagnostics] == [
        ("B006", types.DiagnosticSeverity.Warning),
        ("F632", types.DiagnosticSeverity.Warning),
        ("F821", types.DiagnosticSeverity.Error),
    ]
    assert {each.source for each in last.diagnostics} == {"qwlsp"}
    assert last.diagnostics[2].message == "Undefined name `prise`."
    assert await shown(plain, apples) == {
        "B006": "[]",
        "F632": 'apple.colour is "red"',
        "F821": "prise",
    }


@SESSION
async def test_hovering_over_a_finding_explains_it(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    text = await plain.hover_text(apples, PRICE)
    assert text is not None and text.startswith("**Undefined name:** Undefined name `prise`.")
    assert len(text.partition("\n\n")[2]) > 20  # why it is one
    assert await plain.hover_text(apples, "apple.weight") is None


@SESSION
@pytest.mark.parametrize(
    "code",
    [
        'x = "🍎🍎", prise\n',
        "\ufeffx = prise\n",
        "\ufeff\nx = prise\n",
        'x = "\u2028\x0b\x0c\x85", prise\n',
        "x = 1\ry = prise\r\n",
        "x =\tprise\tif 1 else 2\n",
    ],
)
async def test_columns_count_as_the_editor_does(plain: Editor, code: str) -> None:
    document = plain.open(f"file:///wide/{next(_numbers)}.py", code)
    await look(plain, document)
    assert await shown(plain, document) == {"F821": "prise"}


@SESSION
@pytest.mark.parametrize(
    "uri",
    [
        "untitled:Untitled-1",
        "vscode-notebook-cell:/a/x.ipynb#W0sZmlsZQ",
        "file:///a%00b.py",
        "file:///a%0Ab.py",
        "file:///%F0%9F%8D%8E/-x",
        "file:///" + "a" * 5_000 + ".py",
    ],
)
async def test_odd_names(plain: Editor, uri: str) -> None:
    document = plain.open(uri, "x = prise\n")
    assert origins(await look(plain, document)) == ["F821"]
    assert await shown(plain, document) == {"F821": "prise"}


@SESSION
async def test_a_fix_behind_a_byte_order_mark(plain: Editor) -> None:
    document = plain.open("file:///wide/mark.py", '\ufeffx = 1 is "a"\n')
    await look(plain, document)
    [fix, _dismiss] = await quick_fixes(plain, document, "1 is")
    apply(plain, document, fix)
    assert document.text == '\ufeffx = 1 == "a"\n'


# While the text changes.


@SESSION
async def test_diagnostics_move_with_the_text(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    plain.edit(apples, '"""Apples', 'import os\n\n"""Apples')
    assert await shown(plain, apples) == {
        "B006": "[]",
        "F632": 'apple.colour is "red"',
        "F821": "prise",
    }
    assert published(plain, apples)[-1].version == 2


@SESSION
async def test_a_finding_vanishes_when_its_line_changes(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    plain.edit(apples, 'is "red"', 'is not "red"')
    assert list(await shown(plain, apples)) == ["B006", "F821"]


@SESSION
async def test_two_changes_in_one_message(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    [top, line] = types.Position(0, 0), apples.position("def is_ripe")
    changes: Sequence[types.TextDocumentContentChangeEvent] = [
        types.TextDocumentContentChangePartial(types.Range(top, top), "# One.\n"),
        types.TextDocumentContentChangePartial(
            types.Range(types.Position(line.line + 1, 0), types.Position(line.line + 1, 0)),
            "# Two.\n\n",
        ),
    ]
    apples.version += 1
    identifier = types.VersionedTextDocumentIdentifier(apples.version, apples.uri)
    plain.text_document_did_change(types.DidChangeTextDocumentParams(identifier, changes))
    apples.text = "# One.\n" + apples.text.replace("def is_ripe", "# Two.\n\ndef is_ripe")
    assert list((await shown(plain, apples)).values()) == ["[]", 'apple.colour is "red"', "prise"]


@SESSION
async def test_the_whole_text_is_sent_again(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    apples.text = apples.text.replace("import", "").replace("def is_ripe", "# Two.\n\ndef is_ripe")
    apples.version += 1
    identifier = types.VersionedTextDocumentIdentifier(apples.version, apples.uri)
    change = types.TextDocumentContentChangeWholeDocument(apples.text)
    plain.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
    assert list((await shown(plain, apples)).values()) == ["[]", 'apple.colour is "red"', "prise"]


@SESSION
async def test_closing_the_file_clears(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    identifier = types.TextDocumentIdentifier(apples.uri)
    plain.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
    plain.open(apples.uri, apples.text)
    assert await shown(plain, apples) == {}
    assert await quick_fixes(plain, apples, RIPE) == []


@SESSION
async def test_one_function_is_looked_at_and_the_others_keep_their_findings(
    plain: Editor, apples: Document
) -> None:
    await look(plain, apples)
    plain.edit(apples, 'is "red"', '== "red"')
    result = await look(plain, apples, "apple.colour")
    assert (result["symbol"], result["findings"]) == ("is_ripe", [])
    assert list(await shown(plain, apples)) == ["B006", "F821"]


@SESSION
async def test_what_was_mended_elsewhere_is_gone_when_asked_again(
    plain: Editor, apples: Document
) -> None:
    await look(plain, apples)
    plain.edit(apples, '"""Apples', 'prise = 3\n"""Apples')
    assert "F821" in await shown(plain, apples)
    await look(plain, apples, PRICE + " *")
    assert list(await shown(plain, apples)) == ["B006", "F632"]


@pytest.fixture
def with_model(tiny_model: Path) -> dict[str, Any]:
    """Settings with a model of which no finding is believed."""
    return {
        "model": {"path": str(tiny_model)},
        "bugs": {"minConfidence": 1},
        "latency": {"readAhead": "off"},
    }


async def test_typing_above_while_it_looks(home: Path, with_model: dict[str, Any]) -> None:
    async with open_editor(home, options=with_model) as editor:
        document = editor.open("file:///apples.py", CODE)
        await editor.explained(document, RIPE)  # the worker is there
        with paused(editor.worker):
            job = await editor.command("qwlsp.findBug", {"uri": document.uri})
            editor.edit(document, '"""Apples', 'import os\n\n\nos.sep\n"""Apples')
            await editor.hover(document, PRICE)
        await editor.ended(job)
        assert list((await shown(editor, document)).values()) == [
            "[]",
            'apple.colour is "red"',
            "prise",
        ]


async def test_its_line_changes_while_it_looks(home: Path, with_model: dict[str, Any]) -> None:
    async with open_editor(home, options=with_model) as editor:
        document = editor.open("file:///apples.py", CODE)
        await editor.explained(document, RIPE)
        with paused(editor.worker):
            job = await editor.command("qwlsp.findBug", {"uri": document.uri})
            editor.edit(document, 'is "red"', '== "red"')
            await editor.hover(document, PRICE)
        await editor.ended(job)
        assert list(await shown(editor, document)) == ["B006", "F821"]


async def test_typing_above_while_it_looks_keeps_what_others_have(
    home: Path, with_model: dict[str, Any]
) -> None:
    async with open_editor(home, options=with_model) as editor:
        document = editor.open("file:///apples.py", CODE)
        await look(editor, document)
        with paused(editor.worker):
            argument = {"uri": document.uri, "range": document.cursor(PRICE + " *")}
            job = await editor.command("qwlsp.findBug", argument)
            # Now another function is where the one that is looked at was.
            editor.edit(document, '"""Apples', "# …\n" * 4 + '"""Apples')
            await editor.hover(document, PRICE)
        await editor.ended(job)
        assert list((await shown(editor, document)).values()) == [
            "[]",
            'apple.colour is "red"',
            "prise",
        ]


async def test_the_file_is_closed_while_it_looks(home: Path, with_model: dict[str, Any]) -> None:
    async with open_editor(home, options=with_model) as editor:
        document = editor.open("file:///apples.py", CODE)
        await editor.explained(document, RIPE)
        with paused(editor.worker):
            job = await editor.command("qwlsp.findBug", {"uri": document.uri})
            identifier = types.TextDocumentIdentifier(document.uri)
            editor.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
            await editor.hover(document, PRICE)
        await editor.ended(job)
        assert published(editor, document) == []


# Quick fixes.


@SESSION
@pytest.mark.parametrize(
    ("at", "code", "title", "mended"),
    [
        (RIPE, "F632", "Replace `is` with `==`", 'apple.colour == "red"'),
        (ADD, "B006", "Replace with `None`; initialize within function", "basket=None):"),
    ],
)
async def test_a_quick_fix_mends_it(
    plain: Editor, apples: Document, at: str, code: str, title: str, mended: str
) -> None:
    await look(plain, apples)
    place = at if at == RIPE else "[]"
    [fix, _dismiss] = await quick_fixes(plain, apples, place)
    assert (fix.title, fix.kind) == (title, types.CodeActionKind.QuickFix)
    assert fix.diagnostics is not None and [each.code for each in fix.diagnostics] == [code]
    apply(plain, apples, fix)
    assert mended in apples.text
    others = [each for each in CODES if each != code]
    assert list(await shown(plain, apples)) == others
    assert origins(await look(plain, apples)) == others


@SESSION
async def test_a_quick_fix_is_right_after_typing_above(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    plain.edit(apples, '"""Apples', '# 🍎\n"""Apples')
    [fix, _dismiss] = await quick_fixes(plain, apples, RIPE)
    apply(plain, apples, fix)
    assert 'return apple.colour == "red"\n' in apples.text


@SESSION
async def test_what_no_rule_can_mend_is_only_dismissed(plain: Editor, apples: Document) -> None:
    await look(plain, apples)
    [dismiss] = await quick_fixes(plain, apples, PRICE)
    assert dismiss.title == "Dismiss: Undefined name `prise`."
    assert dismiss.edit is None


@SESSION
async def test_quick_fixes_are_among_all_actions(plain: Editor, apples: Document) -> None:
    assert types.CodeActionKind.QuickFix not in await _kinds(plain, apples)
    await look(plain, apples)
    assert (await _kinds(plain, apples)).count(types.CodeActionKind.QuickFix) == 2


async def _kinds(editor: Editor, document: Document) -> list[object]:
    return [each.kind for each in await editor.actions(document, document.cursor(RIPE))]


# Dismissing.


async def dismiss(editor: Editor, document: Document, at: str) -> None:
    *_, action = await quick_fixes(editor, document, at)
    assert action.command is not None and action.command.arguments is not None
    await editor.command(action.command.command, *action.command.arguments)


async def test_what_is_dismissed_stays_away_until_its_line_changes(home: Path) -> None:
    async with open_editor(home) as editor:
        document = editor.open("file:///apples.py", CODE)
        await look(editor, document)
        await dismiss(editor, document, PRICE)
        assert list(await shown(editor, document)) == ["B006", "F632"]
        assert origins(await look(editor, document)) == ["B006", "F632"]
    async with open_editor(home) as editor:
        document = editor.open("file:///apples.py", CODE)
        editor.edit(document, '"""Apples', 'import os\n\n\n"""Apples')
        assert origins(await look(editor, document)) == ["B006", "F632"]
        editor.edit(document, "prise * apple", "prise + apple")
        assert origins(await look(editor, document)) == CODES
        assert list(await shown(editor, document)) == CODES


@SESSION
@pytest.mark.parametrize(
    "wrong", [{"origin": "ruff:F821"}, {"range": None}, {"uri": "file:///elsewhere.py"}, {}]
)
async def test_only_what_was_found_can_be_dismissed(
    plain: Editor, apples: Document, wrong: dict[str, Any]
) -> None:
    await look(plain, apples)
    ripe = published(plain, apples)[-1].diagnostics[1]
    argument = {"uri": apples.uri, "range": ripe.range, **wrong}
    with pytest.raises(JsonRpcException):
        await plain.command("qwlsp.dismiss", argument)
    assert list(await shown(plain, apples)) == CODES


# On saving.


async def test_nothing_is_looked_for_unasked(home: Path) -> None:
    async with open_editor(home) as editor:
        document = editor.open("file:///apples.py", CODE)
        editor.edit(document, 'is "red"', 'is "blue"')
        save(editor, document.uri)
        assert await next_job(editor, document) == 1
        assert published(editor, document) == []


async def test_saving_looks_at_the_changed_function_alone(home: Path) -> None:
    async with open_editor(home, options={"bugs": {"onSave": "on"}}) as editor:
        document = editor.open("file:///apples.py", CODE)
        save(editor, document.uri)
        assert await next_job(editor, document) == 1
        editor.edit(document, 'is "red"', 'is "blue"')
        save(editor, document.uri)
        assert await next_job(editor, document) == 3
        last = await editor.ended({"id": "2"})
        assert last["result"]["symbol"] == "is_ripe"
        assert await shown(editor, document) == {"F632": 'apple.colour is "blue"'}
        save(editor, document.uri)
        assert await next_job(editor, document) == 4


async def test_a_new_method_is_looked_at_and_moved_ones_are_not(home: Path) -> None:
    async with open_editor(home, options={"bugs": {"onSave": "on"}}) as editor:
        document = editor.open("file:///apples.py", CODE)
        added = "class Pie:\n    def eat(self):\n        return piece\n\n\ndef add"
        editor.edit(document, "def add", added)
        save(editor, document.uri)
        assert await next_job(editor, document) == 2
        await editor.ended({"id": "1"})
        assert await shown(editor, document) == {"F821": "piece"}


async def test_saving_what_is_not_open(home: Path) -> None:
    async with open_editor(home, options={"bugs": {"onSave": "on"}}) as editor:
        save(editor, "file:///never_opened.py")
        document = editor.open("file:///apples.py", CODE)
        assert await next_job(editor, document) == 1
        assert editor.all_heard(types.WINDOW_SHOW_MESSAGE) == []


# Settings.


@pytest.mark.parametrize(
    ("rules", "found"), [("none", []), ("F821", ["F821"]), ("F, B", CODES), ("", CODES)]
)
async def test_rules_can_be_chosen(home: Path, rules: str, found: list[str]) -> None:
    async with open_editor(home, options={"bugs": {"rules": rules}}) as editor:
        assert origins(await look(editor, editor.open("file:///apples.py", CODE))) == found


# Bad input.


@SESSION
async def test_a_syntax_error_is_reported(plain: Editor) -> None:
    document = plain.open("file:///apples/broken.py", CODE + "\n\ndef eat(:\n    pass\n")
    result = await look(plain, document)
    assert set(origins(result)) == {"invalid-syntax"}
    [first, *_] = result["findings"]
    assert first["severity"] == "error"
    assert first["range"]["start"]["line"] == document.position("def eat").line
    assert result["warnings"] == []


@SESSION
async def test_a_syntax_error_elsewhere_is_why_nothing_is_found(plain: Editor) -> None:
    document = plain.open("file:///apples/broken_2.py", CODE + "\n\ndef eat(:\n    pass\n")
    result = await look(plain, document, PRICE + " *")
    assert (result["symbol"], result["findings"]) == ("price", [])
    line = document.position("def eat").line + 1
    assert result["warnings"] == [f"Most rules can't look past the syntax error in line {line}."]


@SESSION
@pytest.mark.parametrize("code", ["x = (", "x = (\n", "def f():\n", "x = [1,\n\n\n"])
async def test_a_syntax_error_at_the_end_is_gone_once_it_is_mended(
    plain: Editor, code: str
) -> None:
    document = plain.open(f"file:///broken/{next(_numbers)}.py", code)
    assert origins(await look(plain, document)) == ["invalid-syntax"]
    start = types.Position(0, 0)
    document.text = "x = 1\n" + "\n" * code.count("\n")
    plain.change(document, types.Range(start, types.Position(9, 0)), document.text)
    assert (await look(plain, document))["findings"] == []
    assert await shown(plain, document) == {}


@SESSION
async def test_a_syntax_error_at_the_end_of_the_last_function(plain: Editor) -> None:
    document = plain.open("file:///broken/last.py", "def f():\n    pass\n\n\ndef g():\n")
    assert origins(await look(plain, document, "g()")) == ["invalid-syntax"]
    assert origins(await look(plain, document, "f()")) == []


async def test_the_model_looks_at_code_with_a_syntax_error(
    home: Path, with_model: dict[str, Any]
) -> None:
    with_model["bugs"] = {"minConfidence": 0}
    async with open_editor(home, options=with_model) as editor:
        document = editor.open("file:///apples.py", CODE + "\n\ndef eat(:\n    pass\n")
        result = await look(editor, document)
        assert "invalid-syntax" in origins(result)
        assert result["model"] == model_name()
        assert result["usage"]["output_tokens"] > 0


@SESSION
@pytest.mark.parametrize("code", ["", "\n\n", "\0", "\ud800", "x" * 100_000, "(" * 2_000])
async def test_odd_texts(plain: Editor, code: str) -> None:
    document = plain.open(f"file:///odd/{next(_numbers)}.py", code)
    result = await look(plain, document)
    assert all(line <= code.count("\n") for line in lines_of(result))


@SESSION
async def test_a_stale_version_is_refused(plain: Editor, apples: Document) -> None:
    with pytest.raises(JsonRpcException, match="version 7"):
        await look(plain, apples, version=7)


async def test_without_a_model_javascript_is_not_looked_at(home: Path) -> None:
    async with open_editor(home, plugin=False) as editor:
        document = editor.open("file:///a.js", "function f() { return g }\n", "javascript")
        await editor.command("qwlsp.findBug", {"uri": document.uri})
        said = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert "nothing was looked at" in said.message
        await editor.hover(document, "f()")
        assert len(editor.all_heard(types.WINDOW_SHOW_MESSAGE)) == 1
        assert (await look(editor, document))["findings"] == []


async def test_nobody_is_told_of_findings_that_can_be_seen(home: Path) -> None:
    async with open_editor(home, plugin=False) as editor:
        document = editor.open("file:///apples.py", CODE)
        await editor.command("qwlsp.findBug", {"uri": document.uri})
        await editor.hear(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        assert list(await shown(editor, document)) == CODES
        assert editor.all_heard(types.WINDOW_SHOW_MESSAGE) == []
