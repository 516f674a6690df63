"""The plugin in a real Neovim, with a model of a few hundred kilobytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.editors.nvim.neovim import Neovim
from tests.editors.timed_server import keystrokes, p99, timed

pytestmark = pytest.mark.editor


def test_an_explanation_is_read_while_it_is_written_and_is_then_the_hover(
    neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=quick)
    done = neovim.run("explain.lua", project)
    kinds = {action["title"]: action["kind"] for action in done["actions"]}
    assert kinds["Explain `total`"] == "qwlsp.explain"
    assert kinds["Find bugs in `total`"] == "qwlsp.findBug"
    assert kinds["Make `total` async"] == "refactor.rewrite.qwlsp.makeAsync"
    assert done["source"] == "model"
    assert len(done["seen"]) > 1
    assert done["seen"][-1] == done["shown"] == done["markdown"] == done["hover"]
    assert done["frame"]["title"] == " Explain `total` "
    assert done["status"] == "qwlsp: tiny"
    assert done["messages"] == []


def test_the_window_leaves_the_cursor_alone_until_one_goes_there(
    neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=quick)
    done = neovim.run("explain.lua", project)
    assert done["cursor_stays"]
    assert done["entered"]
    assert done["closed"]


def test_the_window_can_be_closed_and_is_where_one_is(
    neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=quick)
    done = neovim.run("window.lua", project)
    assert (done["wide"], done["narrow"]) == (80, 48)
    assert done["again"] == done["in_the_tab"] == done["shown"]
    assert not done["other_file"]
    assert "elsewhere" not in done


def test_an_answer_that_was_cut_off_is_gone_on_with(
    neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=quick)
    done = neovim.run("more.lua", project)
    assert done["messages"] == ["There is no answer that was cut off."]
    assert done["truncated"]
    assert "cut off" in done["footer"]
    assert done["follows"]
    assert done["title"] == " what is it for? "
    assert len(done["second"]) > len(done["first"])


def test_selected_lines_are_explained_and_a_bang_asks_anew(
    neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=quick)
    done = neovim.run("explain_lines.lua", project)
    assert done["range"]["start"]["line"] == 0
    assert done["cached"] == [False, True, False]


def test_an_answer_is_stopped_while_its_prompt_is_read(
    neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    neovim.use_plugin(settings={**quick, "latency": {"maxWaitSeconds": 600}})
    done = neovim.run("cancel.lua", project)
    assert re.match(r"\*reading, \d+ of \d+ tokens.*\*$", done["reading"])
    assert done["status"].startswith("qwlsp: reading, ")
    assert done["cancelled"]
    assert done["shown"] == "*Cancelled.*"
    assert done["again"] == "model"
    assert done["messages"] == []


def test_a_long_answer_is_followed_to_its_end_and_keeps_its_words_when_stopped(
    neovim: Neovim, project: Path, lengthy: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=lengthy)
    done = neovim.run("cancel_writing.lua", project)
    assert done["cancelled"]
    assert done["shown"].endswith("*Cancelled.*")
    assert len(done["shown"]) >= len(done["text"])
    assert done["follows"]


def test_code_made_async_is_one_undo_step(
    neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=quick)
    done = neovim.run("make_async.lua", project)
    assert "async def fetch" in done["after"]
    assert "await asyncio.sleep(attempt)" in done["after"]
    assert done["undone"] == done["before"]
    assert done["messages"] == []


def test_what_can_not_be_made_async_is_said(
    neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=quick)
    done = neovim.run("make_async_refused.lua", project)
    assert done["messages"] == ["There is no function here: put the cursor into one."]
    assert "window" not in done


def test_a_finding_moves_with_the_text_and_has_a_quick_fix(
    neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=quick)
    done = neovim.run("find_bug.lua", project)
    assert done["found"]["source"] == "qwlsp"
    assert done["found"]["line"] == 0
    assert "`into`" in done["why"] or "default" in done["why"]
    assert any(action["kind"] == "quickfix" for action in done["actions"])
    assert "into=None" in done["fixed"]
    assert done["messages"] == ["Find bugs: none was found."]


def test_looking_for_bugs_in_saved_files_disturbs_nobody(
    neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    neovim.use_plugin(settings={**quick, "bugs": {"onSave": "on"}})
    assert neovim.run("on_save.lua", project) == {"messages": []}


def test_without_a_model_the_answer_says_how_to_get_one(neovim: Neovim, project: Path) -> None:
    neovim.use_plugin()
    done = neovim.run("no_model.lua", project)
    assert done["source"] == "structure"
    assert "`prices`" in done["markdown"]
    assert "checkhealth qwlsp" in done["frame"]["footer"]
    assert done["first_line"] == 1
    assert done["status"] == "qwlsp: no model"
    assert "qwlsp model pull" in done["health"]
    assert "ERROR" not in done["health"]


def test_a_worker_that_is_killed_costs_one_answer(
    neovim: Neovim, project: Path, lengthy: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=lengthy)
    done = neovim.run("worker_killed.lua", project)
    assert done["error"].endswith(".")
    assert done["shown"].endswith(done["error"])
    assert done["messages"] == [done["error"]]
    assert len(done["before"]) == len(done["after"]) == 1
    assert done["before"] != done["after"]


def test_a_server_that_is_killed_leaves_no_one_waiting(
    neovim: Neovim, project: Path, lengthy: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=lengthy)
    done = neovim.run("server_killed.lua", project)
    assert done["error"] == "qwlsp has ended."
    assert done["shown"].endswith(done["error"])
    assert done["status"] == ""


def test_typing_goes_on_while_an_answer_is_written(
    neovim: Neovim, project: Path, lengthy: dict[str, Any], tmp_path: Path
) -> None:
    """With `-s` pytest shows how long the editor and the server took over the keystrokes."""
    times, script = tmp_path / "times", tmp_path / "qwlsp"
    script.write_text(f"#!/bin/sh\n{timed(times)}\n")
    script.chmod(0o755)
    neovim.use_plugin(settings=lengthy, cmd=[str(script)])
    done = neovim.run("typing.lua", project)
    assert done["wrong"] == []
    assert done["still_writing"]
    measured = keystrokes(times)
    assert len(measured) >= done["keys"]
    print(f"a key: {done['key_p99']:.1f} ms, taken over: {done['handled_p99']:.1f} ms (p99)")
    print(f"did_change p99: {p99(measured):.1f} ms")


def test_model_language_and_detail_are_chosen_while_one_works(
    neovim: Neovim, project: Path, quick: dict[str, Any], home: Path, tiny_model: Path
) -> None:
    own = home / "models" / "own.gguf"
    own.parent.mkdir(parents=True)
    own.write_bytes(tiny_model.read_bytes())
    neovim.use_plugin(settings=quick)
    done = neovim.run("choices.lua", project)
    assert "own" in done["offered"][0]
    chosen = done["settings"]["qwlsp"]
    assert chosen["model"]["path"] == str(own)
    assert chosen["generation"] == quick["generation"]
    assert chosen["answers"] == {"detail": "full", "language": "Klingon"}
    assert done["model"] == "own"
    assert done["messages"][-1] == "Klingon is no language that is known: English is used."


def test_subcommands_and_their_words_are_completed(
    neovim: Neovim, project: Path, quick: dict[str, Any]
) -> None:
    neovim.use_plugin(settings=quick)
    done = neovim.run("completion.lua", project)
    assert done["some"] == ["explain", "explain!"]
    assert done["details"] == ["brief", "full"]
    wanted = {"explain", "async", "bugs", "ask", "ask!", "cancel", "model", "language", "detail"}
    assert wanted <= set(done["subcommands"])
    assert done["unknown"] == ["There is no :Qwlsp frobnicate."]
    assert done["not_running"][0].startswith("qwlsp is not running here")
