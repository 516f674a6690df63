"""Find bug in an editor: what is offered, answered and shown, quick fixes, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.contract import KEYS
from tests.lsp.editor import Document, Editor, model_name, open_editor
from tests.lsp.finding import (
    ADD,
    CODE,
    CODES,
    NUMBERS,
    PRICE,
    RIPE,
    SESSION,
    apply,
    lines_of,
    look,
    origins,
    published,
    quick_fixes,
    shown,
)

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
    document = plain.open(f"file:///wide/{next(NUMBERS)}.py", code)
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
    document = plain.open(f"file:///broken/{next(NUMBERS)}.py", code)
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
    document = plain.open(f"file:///odd/{next(NUMBERS)}.py", code)
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
