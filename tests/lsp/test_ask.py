"""Free questions: about code, about text, about a workspace, and questions that follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.contract import check_explanation, focus_of
from tests.lsp.editor import Document, Editor, open_editor, paused

shared = pytest.mark.asyncio(loop_scope="session")
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_question_about_a_function(editor: Editor, document: Document) -> None:
    result = await editor.asked("What does it add up?", document, "result +=")
    check_explanation(result, action="ask")
    assert result["symbol"] == "total"


async def test_the_answer_is_hover_text_below_its_question(
    editor: Editor, document: Document
) -> None:
    result = await editor.asked("What *is* added up?", document, "result +=")
    hover = await editor.hover_text(document, "total")
    assert hover == "**What *is* added up?**\n\n" + result["markdown"]


async def test_an_explanation_after_it_is_the_latest(editor: Editor, document: Document) -> None:
    await editor.asked("What is added up?", document, "result +=")
    result = await editor.explained(document, "result +=")
    assert await editor.hover_text(document, "total") == result["markdown"]


async def test_the_code_was_read_for_another_question(editor: Editor, document: Document) -> None:
    await editor.explained(document, "apples.append")  # now it is known how fast it reads
    explained = await editor.explained(document, "result +=")
    asked = await editor.asked("Why a loop?", document, "result +=")
    assert asked["usage"]["reused_tokens"] >= focus_of(explained)["tokens"]


async def test_three_questions_in_a_row_read_nothing_twice(
    editor: Editor, document: Document
) -> None:
    job = await editor.command("qwlsp.explain", _about(document, "result +="))
    last = (await editor.ended(job))["result"]
    for question in ("Why a loop?", "And without one?", "Which is faster?"):
        argument = {**_about(document, "result +="), "question": question, "after": job["id"]}
        job = await editor.command("qwlsp.ask", argument)
        before, last = last, (await editor.ended(job))["result"]
        # The last token of an answer that was cut off was written, but not read.
        known = before["usage"]["prompt_tokens"] + before["usage"]["output_tokens"] - 1
        assert last["usage"]["reused_tokens"] >= known
        assert last["context"] == before["context"]


async def test_a_question_may_follow_one_about_code_that_has_changed(
    editor: Editor, document: Document
) -> None:
    job = await editor.command("qwlsp.explain", _about(document, "result +="))
    await editor.ended(job)
    editor.edit(document, "result +=", "result -=")
    argument = {**_about(document, "result -="), "question": "Better?", "after": job["id"]}
    result = (await editor.ended(await editor.command("qwlsp.ask", argument)))["result"]
    check_explanation(result, action="ask")
    assert result["usage"]["prompt_tokens"] > 0


async def test_the_same_question_is_remembered(editor: Editor, document: Document) -> None:
    first = await editor.asked("Why?", document, "result +=")
    second = await editor.asked("Why?", document, "result +=")
    other = await editor.asked("How?", document, "result +=")
    assert (first["cached"], second["cached"], other["cached"]) == (False, True, False)
    assert second["markdown"] == first["markdown"]


async def test_a_question_about_text(editor: Editor) -> None:
    log = editor.open("file:///build.log", "start\nwarning: x\n\nerror: y\nstop\n", "plaintext")
    result = await editor.asked("What failed?", log, "error")
    check_explanation(result, action="ask")
    assert focus_of(result)["lines"] == [4, 5]
    whole = await editor.asked("What failed?", log, "error", range=_lines(0, 5))
    assert focus_of(whole)["lines"][0] == 1


@pytest.mark.parametrize("question", [None, "", "  ", 3])
async def test_a_question_must_be_asked(
    editor: Editor, document: Document, question: object
) -> None:
    argument = {"uri": document.uri, "question": question}
    with pytest.raises(JsonRpcException, match="question"):
        await editor.command("qwlsp.ask", argument)


async def test_an_answer_that_is_not_there_can_not_be_followed(
    editor: Editor, document: Document
) -> None:
    with pytest.raises(JsonRpcException, match="There is no answer 999999"):
        await editor.asked("Why?", document, "result +=", after="999999")


# A workspace.


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with two modules and a text."""
    root = tmp_path / "shop"
    (root / "store").mkdir(parents=True)
    (root / "store" / "__init__.py").write_text("from .orders import read_orders\n")
    (root / "store" / "orders.py").write_text(
        'def read_orders(path):\n    """Reads the orders of a day."""\n    return open(path)\n'
    )
    (root / "report.py").write_text(
        "from store import read_orders\n\n\ndef report(path):\n    return len(read_orders(path))\n"
    )
    (root / "NOTES.md").write_text("# Prices\n\nPrices are in cents.\n\n# Days\n\nIn UTC.\n")
    return root


def _has_ended(progress: types.ProgressParams) -> bool:
    return isinstance(progress.value, dict) and progress.value["kind"] == "end"


def _about(document: Document, at: str) -> dict[str, Any]:
    return {"uri": document.uri, "range": document.cursor(at)}


def _lines(first: int, last: int) -> dict[str, Any]:
    return {
        "start": {"line": first, "character": 0},
        "end": {"line": last, "character": 0},
    }


@pytest.mark.asyncio
async def test_definitions_in_other_files_are_in_the_context(
    home: Path, project: Path, quick: dict[str, Any]
) -> None:
    async with open_editor(home, options=quick, folders=[project]) as editor:
        path = project / "report.py"
        report = editor.open(path.as_uri(), path.read_text())
        await editor.explained(report, "len(")  # now it is known how fast it reads
        result = await editor.explained(report, "len(", fresh=True)
        seen = {(piece["path"], piece["role"]) for piece in result["context"]}
        assert (str(project / "store" / "orders.py"), "definition") in seen


@pytest.mark.asyncio
async def test_an_unsaved_definition_wins_over_the_file(
    home: Path, project: Path, quick: dict[str, Any]
) -> None:
    async with open_editor(home, options=quick, folders=[project]) as editor:
        path = project / "store" / "orders.py"
        editor.open(path.as_uri(), "X = 1\n\n\n" + path.read_text())
        path = project / "report.py"
        report = editor.open(path.as_uri(), path.read_text())
        await editor.explained(report, "len(")
        result = await editor.explained(report, "len(", fresh=True)
        [piece] = [p for p in result["context"] if p["path"].endswith("orders.py")]
        assert piece["lines"][0] == 4


@pytest.mark.asyncio
async def test_a_question_about_the_whole_workspace(
    home: Path, project: Path, quick: dict[str, Any]
) -> None:
    async with open_editor(home, options=quick, folders=[project]) as editor:
        folder = Document(project.as_uri(), "")
        result = await editor.asked("In which unit are prices kept?", folder, None)
        check_explanation({**result, "context": result["context"]}, action="ask")
        assert str(project / "NOTES.md") in {piece["path"] for piece in result["context"]}
        link = f"{(project / 'NOTES.md').as_uri()}#L1"
        assert f"[`NOTES.md:1`]({link})" in result["markdown"]


@pytest.mark.asyncio
async def test_a_new_file_is_found_when_the_editor_tells_of_it(
    home: Path, project: Path, quick: dict[str, Any]
) -> None:
    async with open_editor(home, folders=[project]) as editor:
        await editor.hear("$/progress", _has_ended)
        path = project / "taxes.py"
        path.write_text('def vat(price):\n    """The tax of a price."""\n')
        editor.changed_on_disk(path)
        folder = Document(project.as_uri(), "")

        async def found() -> bool:
            answer = await editor.asked("How is vat worked out?", folder, None, fresh=True)
            return "taxes.py" in answer["markdown"]

        await editor.until(found)


@pytest.mark.asyncio
async def test_typing_and_asking_while_the_workspace_is_indexed(home: Path, project: Path) -> None:
    async with open_editor(home, folders=[project]) as editor:
        indexer = await editor.indexer()
        with paused(indexer):
            path = project / "report.py"
            report = editor.open(path.as_uri(), path.read_text())
            editor.edit(report, "len", "sum")
            result = await editor.explained(report, "sum(")
            assert "`report`" in result["markdown"]
