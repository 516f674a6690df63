"""Settings as editors send them, good and bad, at the start and later; models of all sorts."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.contract import check_explanation
from tests.lsp.editor import TIMEOUT, Editor, open_editor, paused
from tests.processes import all_end
from tests.tiny_model import build

QUICK = {"maxTokens": 32}


@pytest.fixture
def other_model(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(tiny_model, tmp_path / "other.gguf"))


def _model(path: Path | str) -> dict[str, Any]:
    return {"model": {"path": str(path)}, "generation": QUICK}


def _cut(model: Path, target: Path) -> None:
    target.write_bytes(model.read_bytes()[:200_000])


def _change(editor: Editor, settings: Any) -> None:
    editor.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))


async def _model_in_use(editor: Editor, basket: str) -> str | None:
    document = editor.open("file:///basket.py", basket)
    result = await editor.explained(document, "result +=", fresh=True)
    check_explanation(result)
    model: str | None = result["model"]
    return model


# Where settings come from.


@pytest.mark.parametrize("wrapped", [False, True])
async def test_from_initialization_options(home: Path, tiny_model: Path, wrapped: bool) -> None:
    settings = _model(tiny_model)
    options = {"qwlsp": settings} if wrapped else settings
    async with open_editor(home, options=options) as editor:
        await editor.hear("qwlsp/status", lambda p: p["model"] == "tiny")


async def test_from_the_editors_configuration(home: Path, tiny_model: Path) -> None:
    async with open_editor(home, configuration={"qwlsp": _model(tiny_model)}) as editor:
        await editor.hear("qwlsp/status", lambda p: p["model"] == "tiny")


async def test_from_the_models_folder(home: Path, tiny_model: Path) -> None:
    (home / "models").mkdir(parents=True)
    shutil.copy(tiny_model, home / "models" / "mine.gguf")
    async with open_editor(home, options={"generation": QUICK}) as editor:
        await editor.hear("qwlsp/status", lambda p: p["model"] == "mine")


async def test_from_the_environment(
    home: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWLSP_MODEL", str(tiny_model))
    async with open_editor(home, options={"generation": QUICK}) as editor:
        await editor.hear("qwlsp/status", lambda p: p["model"] == "tiny")


async def test_the_configuration_adds_to_the_initialization_options(
    home: Path, tiny_model: Path, basket: str
) -> None:
    configuration = {"qwlsp": {"generation": {"maxTokens": 3}}}
    async with open_editor(home, options=_model(tiny_model), configuration=configuration) as editor:
        # One round trip: the server has asked for the configuration and got it.
        await editor.hover(editor.open("file:///other.py", ""), types.Position(0, 0))
        document = editor.open("file:///basket.py", basket)
        result = await editor.explained(document, "result +=")
        assert (result["model"], result["usage"]["output_tokens"]) == ("tiny", 3)


# Values that make no sense.


async def test_bad_values_are_named_and_their_defaults_used(
    home: Path, tiny_model: Path, basket: str
) -> None:
    options = {
        "model": {"path": str(tiny_model), "threads": 0, "unknown": 1},
        "generation": {"maxTokens": 32, "topP": 7, "temperature": "hot"},
        "answers": {"detail": "long", "language": 3},
        "from the future": {"x": 1},
    }
    async with open_editor(home, options=options) as editor:
        assert await _model_in_use(editor, basket) == "tiny"
        shown = editor.all_heard(types.WINDOW_SHOW_MESSAGE)
    assert {message.type for message in shown} == {types.MessageType.Warning}
    assert [message.message for message in shown] == [
        "qwlsp.model.threads must be \"auto\" or a whole number from 1 to 512; 'auto' is used.",
        "qwlsp.generation.temperature must be a number from 0 to 2; 0.2 is used.",
        "qwlsp.generation.topP must be a number from 0.01 to 1; 0.9 is used.",
        'qwlsp.answers.detail must be one of "brief", "full"; \'brief\' is used.',
        "qwlsp.answers.language must be a name; 'auto' is used.",
    ]


@pytest.mark.parametrize("options", ["fast", [1], {"model": "tiny"}])
async def test_settings_that_are_no_settings(home: Path, basket: str, options: Any) -> None:
    async with open_editor(home, options=options) as editor:
        shown = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert "must be an object" in shown.message
        assert await _model_in_use(editor, basket) is None


# Changes.


async def test_another_model_is_used_from_the_next_question_on(
    home: Path, tiny_model: Path, other_model: Path, basket: str
) -> None:
    async with open_editor(home, options=_model(tiny_model)) as editor:
        assert await _model_in_use(editor, basket) == "tiny"
        old = editor.worker
        document = editor.open("file:///basket.py", basket)
        with paused(old):
            job = await editor.explain(document, "apples.append")
            _change(editor, {"qwlsp": _model(other_model)})
            await editor.hear("qwlsp/status", lambda p: p["model"] == "other")
        assert (await editor.ended(job))["result"]["model"] == "tiny"
        assert await _model_in_use(editor, basket) == "other"
        assert await asyncio.to_thread(all_end, [old], TIMEOUT)
        assert len(editor.workers()) == 1


async def test_a_change_can_be_a_mere_hint_to_ask(
    home: Path, tiny_model: Path, other_model: Path, basket: str
) -> None:
    async with open_editor(home, configuration={"qwlsp": _model(tiny_model)}) as editor:
        await editor.hear("qwlsp/status", lambda p: p["model"] == "tiny")
        editor.set_configuration(_model(other_model), section="qwlsp")
        _change(editor, None)
        await editor.hear("qwlsp/status", lambda p: p["model"] == "other")
        assert await _model_in_use(editor, basket) == "other"


async def test_the_model_stays_loaded_when_only_other_settings_change(
    home: Path, tiny_model: Path, basket: str
) -> None:
    async with open_editor(home, options=_model(tiny_model)) as editor:
        document = editor.open("file:///basket.py", basket)
        await editor.explained(document, "result +=")
        worker = editor.worker
        _change(editor, {"qwlsp": {**_model(tiny_model), "generation": {"maxTokens": 3}}})
        result = await editor.explained(document, "apples.append")
        assert result["usage"]["output_tokens"] == 3
        assert editor.worker == worker


async def test_a_bad_change_leaves_the_server_alive(
    home: Path, tiny_model: Path, basket: str
) -> None:
    async with open_editor(home, options=_model(tiny_model)) as editor:
        _change(editor, {"qwlsp": 3})
        shown = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert shown.message.startswith("qwlsp must be an object")
        _change(editor, {"qwlsp": _model(tiny_model)})
        assert await _model_in_use(editor, basket) == "tiny"


# Models that are not there, or no good.


async def test_without_a_model_the_syntax_tree_answers(home: Path, basket: str) -> None:
    async with open_editor(home) as editor:
        status = await editor.hear("qwlsp/status")
        assert (status["state"], status["model"]) == ("no-model", None)
        document = editor.open("file:///basket.py", basket)
        result = await editor.explained(document, "result +=")
        check_explanation(result)
        assert (result["source"], result["model"]) == ("structure", None)
        assert result["context"] == result["left_out"] == []
        assert result["usage"] == dict.fromkeys(result["usage"], 0)
        assert "`prices`" in result["markdown"]
        assert await editor.hover_text(document, "total") == result["markdown"]
        assert editor.workers() == []


async def test_a_model_that_is_missing(home: Path, basket: str, tmp_path: Path) -> None:
    async with open_editor(home, options=_model(tmp_path / "none.gguf")) as editor:
        shown = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert shown.type is types.MessageType.Error
        assert shown.message.startswith(f"There is no model {tmp_path / 'none.gguf'}")
        assert await _model_in_use(editor, basket) is None


async def test_a_model_that_is_no_gguf_file(home: Path, basket: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.gguf"
    path.write_text("Buy milk")
    async with open_editor(home, options=_model(path)) as editor:
        shown = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert shown.message == "notes.gguf is not a GGUF file."
        assert await _model_in_use(editor, basket) is None


async def test_a_damaged_model_and_then_a_good_one(
    home: Path, tiny_model: Path, basket: str, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.gguf"
    _cut(tiny_model, damaged)
    async with open_editor(home, options=_model(damaged)) as editor:
        document = editor.open("file:///basket.py", basket)
        with pytest.raises(JsonRpcException) as error:
            await editor.explained(document, "result +=")
        assert error.value.code == types.LSPErrorCodes.RequestFailed
        assert error.value.message.startswith("damaged.gguf can't be loaded")
        await editor.hear("qwlsp/status", lambda p: p["state"] == "failed")
        job = await editor.explain(document, "result +=")
        sentence = (await editor.ended(job))["error"]
        assert sentence == error.value.message
        shown = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert (shown.type, shown.message) == (types.MessageType.Error, sentence)
        _change(editor, {"qwlsp": _model(tiny_model)})
        assert await _model_in_use(editor, basket) == "tiny"


async def test_a_model_without_a_chat_template(home: Path, basket: str, tmp_path: Path) -> None:
    path = tmp_path / "plain.gguf"
    build(path, chat_template=None)
    async with open_editor(home, options=_model(path)) as editor:
        assert await _model_in_use(editor, basket) == "plain"
        shown = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert shown.type is types.MessageType.Warning
        assert shown.message == "The model has no chat template; ChatML is used instead."


async def test_a_home_that_is_no_folder(tmp_path: Path, tiny_model: Path, basket: str) -> None:
    home = tmp_path / "file"
    home.touch()
    async with open_editor(home, options=_model(tiny_model)) as editor:
        shown = await editor.hear(types.WINDOW_SHOW_MESSAGE)
        assert shown.message == f"{home} can't be used as a folder: File exists."
        assert await _model_in_use(editor, basket) is None
