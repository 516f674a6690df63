"""What can happen while an answer is written: keystrokes, cancels, other questions, crashes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.contract import check_explanation
from tests.lsp.editor import TIMEOUT, VSCODE, Document, Editor, open_editor, paused

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: Path
) -> AsyncIterator[Editor]:
    """An editor whose answers take several seconds, unless they are stopped."""
    generation = {"maxTokens": 8000, "temperature": 1}
    options = {"model": {"path": str(tiny_model)}, "generation": generation}
    async with open_editor(tmp_path_factory.mktemp("home"), VSCODE, options=options) as shared:
        yield shared


async def _is_fine(editor: Editor, document: Document) -> None:
    """The next question gets to its answer's first words."""
    job = await editor.explain(document, "apples.append")
    await editor.writing(job)
    await editor.command("qwlsp.cancel", {"id": job["id"]})
    await editor.ended(job)


async def test_the_answer_grows(editor: Editor, document: Document) -> None:
    job = await editor.explain(document, "result +=")
    await editor.hear("qwlsp/answer", lambda p: p["id"] == job["id"] and len(p["markdown"]) > 2000)
    parts = [len(message["markdown"]) for message in editor.answers(job)]
    await editor.command("qwlsp.cancel", {"id": job["id"]})
    assert parts[0] < parts[len(parts) // 2] < parts[-1]


# Keystrokes and requests.


async def test_the_buffer_lives_while_an_answer_is_written(
    editor: Editor, document: Document
) -> None:
    job = await editor.explain(document, "result +=")
    await editor.writing(job)
    with paused(editor.worker):
        assert await editor.hover(document, "total") is None
        editor.edit(document, "def total", "def amount")
        assert await editor.title(document, "result +=") == "Explain `amount`"
        assert not editor.answers(job)[-1]["done"]
        await editor.command("qwlsp.cancel", {"id": job["id"]})
    await editor.ended(job)


async def test_an_answer_is_about_the_text_that_was_asked_about(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    async with open_editor(home, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.explained(document, "LIMIT")
        line = document.position("def total").line
        with paused(editor.worker):
            job = await editor.explain(document, "result +=")
            editor.edit(document, "LIMIT = 3", "LIMIT = 3\nMORE = 4")
        result = (await editor.ended(job))["result"]
        assert result["range"]["start"]["line"] == line
        assert await editor.hover_text(document, "total") == result["markdown"]


# Cancels.


async def _check_cancelled(editor: Editor, job: dict[str, Any]) -> None:
    last = await editor.ended(job)
    assert last["cancelled"] is True
    assert "result" not in last and "error" not in last
    assert sum(message["done"] for message in editor.answers(job)) == 1


async def test_cancelling_by_id(editor: Editor, document: Document) -> None:
    job = await editor.explain(document, "result +=")
    await editor.writing(job)
    assert await editor.command("qwlsp.cancel", {"id": job["id"]}) is None
    await _check_cancelled(editor, job)
    await _is_fine(editor, document)


async def test_cancelling_from_the_progress_bar(editor: Editor, document: Document) -> None:
    token = f"bar {document.uri}"
    job = await editor.explain(document, "result +=", token=token)
    await editor.writing(job)
    editor.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    await _check_cancelled(editor, job)
    await editor.hear(types.PROGRESS, lambda p: p.token == token and p.value["kind"] == "end")
    await _is_fine(editor, document)


async def test_cancelling_the_request(editor: Editor, document: Document) -> None:
    argument = {"uri": document.uri, "range": document.cursor("result +="), "wait": True}
    params = types.ExecuteCommandParams("qwlsp.explain", [argument])
    request = f"request {document.uri}"
    reply = editor.protocol.send_request_async(
        types.WORKSPACE_EXECUTE_COMMAND, params, msg_id=request
    )
    reply = asyncio.ensure_future(reply)
    job = await editor.hear("qwlsp/answer", lambda p: p["uri"] == document.uri)
    editor.cancel_request(types.CancelParams(request))
    with pytest.raises(JsonRpcException) as error:
        await editor.soon(reply)
    assert error.value.code == types.LSPErrorCodes.RequestCancelled
    await _check_cancelled(editor, job)
    await _is_fine(editor, document)


async def test_cancelling_while_the_prompt_is_read(editor: Editor, document: Document) -> None:
    await _is_fine(editor, document)
    with paused(editor.worker):
        job = await editor.explain(document, "result +=")
        await editor.command("qwlsp.cancel", {"id": job["id"]})
        await _check_cancelled(editor, job)
    await _is_fine(editor, document)


async def test_cancelling_one_of_two(editor: Editor, document: Document) -> None:
    first = await editor.explain(document, "result +=")
    second = await editor.explain(document, "LIMIT")
    await editor.writing(first)
    await editor.command("qwlsp.cancel", {"id": first["id"]})
    await _check_cancelled(editor, first)
    await editor.writing(second)
    await editor.command("qwlsp.cancel", {"id": second["id"]})
    await _check_cancelled(editor, second)


async def test_cancelling_while_the_model_is_loaded(
    home: Path, basket: str, quick: dict[str, Any]
) -> None:
    async with open_editor(home, options=quick) as editor:
        document = editor.open("file:///basket.py", basket)
        job = await editor.explain(document, "result +=")
        await editor.hear("qwlsp/status", lambda p: p["state"] == "loading")
        await editor.command("qwlsp.cancel", {"id": job["id"]})
        await _check_cancelled(editor, job)
        check_explanation(await editor.explained(document, "result +="))


@pytest.mark.parametrize("argument", [[{"id": "12345"}], [{}], [], ["x"], [None]])
async def test_cancelling_what_does_not_run_is_nothing(editor: Editor, argument: list[Any]) -> None:
    assert await editor.command("qwlsp.cancel", *argument) is None


async def test_cancelling_what_has_ended_is_nothing(editor: Editor, document: Document) -> None:
    job = await editor.explain(document, "result +=")
    await editor.command("qwlsp.cancel", {"id": job["id"]})
    await _check_cancelled(editor, job)
    await editor.command("qwlsp.cancel", {"id": job["id"]})
    editor.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams("unknown"))
    editor.cancel_request(types.CancelParams("unknown"))
    await _is_fine(editor, document)


# Crashes.


def _check_told(sentence: str) -> None:
    assert sentence == (
        "The model's process was ended by SIGKILL. It starts again with the next request."
    )


async def test_the_workers_death_costs_one_answer(editor: Editor, document: Document) -> None:
    server = editor.server
    job = await editor.explain(document, "result +=")
    await editor.writing(job)
    editor.worker.kill()
    last = await editor.ended(job)
    _check_told(last["error"])
    assert "result" not in last
    await editor.hear(types.WINDOW_SHOW_MESSAGE, lambda p: p.message == last["error"])
    await _is_fine(editor, document)
    assert editor.server == server


async def test_the_workers_death_fails_the_command_that_waits(
    editor: Editor, document: Document
) -> None:
    reply = asyncio.ensure_future(editor.explained(document, "result +="))
    await editor.hear("qwlsp/answer", lambda p: p["uri"] == document.uri)
    editor.worker.kill()
    with pytest.raises(JsonRpcException) as error:
        await reply
    assert error.value.code == types.LSPErrorCodes.RequestFailed
    _check_told(error.value.message)
    await _is_fine(editor, document)


async def test_the_workers_death_between_two_questions_costs_nothing(
    editor: Editor, document: Document
) -> None:
    await _is_fine(editor, document)
    worker = editor.worker
    worker.kill()
    await asyncio.to_thread(worker.wait, TIMEOUT)  # until the server has taken its exit status
    await editor.hover(document, "total")
    await _is_fine(editor, document)


async def test_the_workers_death_costs_none_that_it_had_not_begun(
    editor: Editor, document: Document
) -> None:
    first, *others = [await editor.explain(document, at) for at in ("result +=", "LIMIT", "kind")]
    await editor.writing(first)
    editor.worker.kill()
    _check_told((await editor.ended(first))["error"])
    for job in others:
        await editor.writing(job)
        await editor.command("qwlsp.cancel", {"id": job["id"]})
    await _is_fine(editor, document)
