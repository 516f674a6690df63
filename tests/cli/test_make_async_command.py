"""`qwlsp make-async` as a person runs it."""

from __future__ import annotations

import codecs
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from qwlsp.answers import Rewrite, TextEdit
from qwlsp.cli.write import write_edits
from qwlsp.edits import Edit, apply
from qwlsp.errors import StaleVersion
from qwlsp.text import Encoding, Position, Range, Text
from tests.cli.terminal import Run, qwlsp
from tests.contract import KEYS, USAGE

pytestmark = pytest.mark.slow  # a process for each test

NAP = '''\
"""Naps."""

import time


def nap(seconds):
    time.sleep(seconds)
    return "awake"
'''
NAP_ASYNC = '''\
"""Naps."""

import asyncio


async def nap(seconds):
    await asyncio.sleep(seconds)
    return "awake"
'''
DIFF = """\
--- a/naps.py
+++ b/naps.py
@@ -1,8 +1,8 @@
 \"""Naps.\"""
{0}
-import time
+import asyncio
{0}
{0}
-def nap(seconds):
-    time.sleep(seconds)
+async def nap(seconds):
+    await asyncio.sleep(seconds)
     return "awake"
""".format(" ")
NIGHT = "from naps import nap\n\n\ndef night():\n    return nap(8)\n"
UNKNOWN = """\
import time


def nap(bed, alarm):
    time.sleep(1)
    bed.unmake()
    alarm.wind(8)
    return bed.lie_down()
"""
CALLS = ["bed.unmake()", "alarm.wind(8)", "bed.lie_down()"]


@pytest.fixture
def naps(tmp_path: Path) -> Path:
    """The one module of a project."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'house'\n")
    path = tmp_path / "naps.py"
    path.write_text(NAP)
    return path


def _run(path: Path, *options: object, line: int = 6) -> Run:
    return qwlsp("make-async", f"{path}:{line}", "--no-model", *options)


# The diff.


def test_the_diff_is_on_stdout(naps: Path) -> None:
    run = _run(naps)
    assert (run.status, run.stdout, run.stderr) == (0, DIFF, "")
    assert naps.read_text() == NAP


def test_without_a_project_the_diff_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "naps.py"
    path.write_text(NAP)
    run = _run(path)
    assert (run.status, run.stderr) == (0, "")
    assert run.stdout.splitlines()[2:] == DIFF.splitlines()[2:]
    assert run.stdout.splitlines()[0].endswith("naps.py")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("text", [NAP, NAP.rstrip("\n"), NAP.replace("awake", "wäch 💤")])
def test_git_can_apply_the_diff(naps: Path, text: str) -> None:
    naps.write_text(text, encoding="utf-8")
    diff = _run(naps).stdout
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(naps.parent.parent)}
    subprocess.run(
        ["git", "apply", "-"],
        cwd=naps.parent,
        input=diff.encode(),
        check=True,
        env=environment,
    )
    assert "async def nap" in naps.read_text(encoding="utf-8")
    assert _run(naps).stderr == "qwlsp: `nap` is already async.\n"


def test_warnings_are_on_stderr(naps: Path) -> None:
    (naps.parent / "night.py").write_text(NIGHT)
    run = _run(naps)
    assert (run.status, run.stdout) == (0, DIFF)
    assert run.stderr == "qwlsp: night.py:5: `night` calls `nap` without being able to await it.\n"


def test_with_its_callers(naps: Path) -> None:
    night = naps.parent / "night.py"
    night.write_text(NIGHT)
    run = _run(naps, "--with-callers", "--write")
    assert (run.status, run.stderr) == (0, "")
    assert naps.read_text() == NAP_ASYNC
    assert night.read_text() == (
        "from naps import nap\n\n\nasync def night():\n    return await nap(8)\n"
    )


@pytest.mark.parametrize(
    ("client", "call"),
    [
        ("httpx", "await client.get(url)"),
        ("aiohttp", "await session.get(url)"),
        ("thread", "await asyncio.to_thread(requests.get, url)"),
    ],
)
def test_the_http_client_can_be_chosen(tmp_path: Path, client: str, call: str) -> None:
    path = tmp_path / "page.py"
    path.write_text(
        "import requests\n\n\ndef page(url):\n    return requests.get(url).status_code\n"
    )
    run = _run(path, "--http-client", client, line=4)
    assert run.status == 0
    assert call in run.stdout


# --write


def test_write_changes_the_file(naps: Path) -> None:
    run = _run(naps, "--write")
    assert (run.status, run.stdout, run.stderr) == (0, DIFF, "")
    assert naps.read_text() == NAP_ASYNC
    assert sorted(each.name for each in naps.parent.iterdir() if each.is_file()) == [
        "naps.py",
        "pyproject.toml",
    ]


@pytest.mark.parametrize("mode", [0o755, 0o640, 0o444])
def test_write_keeps_permissions(naps: Path, mode: int) -> None:
    naps.chmod(mode)
    assert _run(naps, "--write").status == 0
    assert naps.read_text() == NAP_ASYNC
    assert stat.S_IMODE(naps.stat().st_mode) == mode


def test_write_keeps_a_link(naps: Path) -> None:
    real = naps.parent / "real.py"
    naps.rename(real)
    naps.symlink_to("real.py")
    run = _run(naps, "--write")
    assert (run.status, run.stderr) == (0, "")
    assert naps.is_symlink()
    assert real.read_text() == NAP_ASYNC


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("# -*- coding: latin-1 -*-\n", "latin-1"),
        ("#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\n", "cp1252"),
        ("", "utf-8"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_write_keeps_the_encoding(naps: Path, head: str, encoding: str, newline: str) -> None:
    def encoded(text: str) -> bytes:
        return (head + text).replace("awake", "wäch").replace("\n", newline).encode(encoding)

    naps.write_bytes(encoded(NAP))
    run = _run(naps, "--write", line=6 + head.count("\n"))
    assert (run.status, run.stderr) == (0, "")
    assert naps.read_bytes() == encoded(NAP_ASYNC)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_write_keeps_a_byte_order_mark(naps: Path, newline: str) -> None:
    naps.write_bytes(codecs.BOM_UTF8 + NAP.replace("\n", newline).encode())
    run = _run(naps, "--write")
    assert (run.status, run.stderr) == (0, "")
    assert naps.read_bytes() == codecs.BOM_UTF8 + NAP_ASYNC.replace("\n", newline).encode()


def test_write_leaves_what_it_can_not_read(naps: Path) -> None:
    data = NAP.replace("awake", "wäch").encode("latin-1")
    naps.write_bytes(data)
    run = _run(naps, "--write")
    assert run.status == 1
    assert naps.read_bytes() == data


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_write_keeps_the_layout_of_other_files(naps: Path, mark: bytes, newline: str) -> None:
    night = naps.parent / "night.py"
    text = "from naps import nap\n\n\nasync def night():\n    nap('für acht')"
    night.write_bytes(mark + text.replace("\n", newline).encode())
    run = _run(naps, "--write")
    assert (run.status, run.stderr) == (0, "")
    after = text.replace("    nap(", "    await nap(")
    assert night.read_bytes() == mark + after.replace("\n", newline).encode()


def test_a_declared_encoding_stays_at_the_top(naps: Path) -> None:
    head = "#!/usr/bin/env python3\n# coding: latin-1\n"
    code = "def nap(door):\n    open('für.txt').read()\n"
    naps.write_bytes((head + code).encode("latin-1"))
    assert _run(naps, "--write", line=3).status == 0
    after = naps.read_bytes().decode("latin-1")
    assert after.startswith(head + "import asyncio\n")
    compile(naps.read_bytes(), "naps.py", "exec")


@pytest.mark.xfail(strict=True, reason="other files are read as UTF-8, whatever they declare")
def test_write_keeps_the_encodings_of_other_files(naps: Path) -> None:
    night = naps.parent / "night.py"
    text = "# coding: latin-1\nfrom naps import nap\n\n\nasync def night():\n    nap('für acht')\n"
    night.write_bytes(text.encode("latin-1"))
    run = _run(naps, "--write")
    assert (run.status, run.stderr) == (0, "")
    assert night.read_bytes() == text.replace("    nap(", "    await nap(").encode("latin-1")


def _rewrite(*texts: tuple[Path, str]) -> Rewrite:
    """One that puts `X` at the start of files that should hold those texts."""
    start = Range(Position(0, 0), Position(0, 0))
    return Rewrite(
        action="make-async",
        file=str(texts[0][0]),
        symbol="nap",
        range=start,
        source="rules",
        markdown="",
        edits=tuple(TextEdit(str(path), start, "X") for path, _ in texts),
        texts=tuple((str(path), Text.of(text)) for path, text in texts),
    )


def test_a_file_that_changed_in_between_is_not_written(naps: Path) -> None:
    with pytest.raises(StaleVersion, match=r"naps\.py is not what it was"):
        write_edits(_rewrite((naps, NAP + "\n")))
    assert naps.read_text() == NAP


def test_if_one_file_changed_no_other_is_written(naps: Path) -> None:
    night = naps.parent / "night.py"
    night.write_text(NIGHT)
    for files in [((naps, NAP), (night, "X = 1\n")), ((night, "X = 1\n"), (naps, NAP))]:
        with pytest.raises(StaleVersion):
            write_edits(_rewrite(*files))
    assert (naps.read_text(), night.read_text()) == (NAP, NIGHT)


@pytest.mark.parametrize("data", [None, b"# coding: klingon\n", b"\xff\xfe", b"\0"])
def test_a_file_that_can_not_be_read_any_more_is_not_written(
    naps: Path, data: bytes | None
) -> None:
    naps.unlink()
    if data is not None:
        naps.write_bytes(data)
    with pytest.raises(StaleVersion):
        write_edits(_rewrite((naps, NAP)))
    assert (naps.read_bytes() if naps.exists() else None) == data


def test_a_text_that_its_encoding_can_not_hold_is_not_written(naps: Path) -> None:
    text = "# coding: ascii\n" + NAP
    naps.write_text(text)
    rewrite = _rewrite((naps, text))
    start = Range(Position(1, 0), Position(1, 0))
    edits = (TextEdit(str(naps), start, "# für\n"),)
    with pytest.raises(StaleVersion):
        write_edits(Rewrite(**{**vars(rewrite), "edits": edits}))
    assert naps.read_text() == text


def test_nothing_to_edit_writes_nothing(naps: Path) -> None:
    before = naps.stat()
    write_edits(Rewrite(**{**vars(_rewrite((naps, NAP))), "edits": (), "texts": ()}))
    assert naps.stat() == before


# JSON.


def _check(data: dict[str, Any]) -> None:
    """Fail where `data` is not what scripts rely on."""
    assert set(data) >= {*KEYS, "edits", "diff", "decisions", "checks"}
    assert data["action"] == "make-async"
    assert set(data["usage"]) == set(USAGE)
    for edit in data["edits"]:
        assert set(edit) == {"file", "range", "new_text"}
        assert Path(edit["file"]).is_absolute()
    for decision in data["decisions"]:
        assert set(decision) >= {"range", "call", "choice", "by"}
        assert decision["choice"] in ("await", "to_thread", "leave")
        assert decision["by"] in ("rule", "model")
    for check in data["checks"]:
        assert set(check) == {"name", "passed", "detail"}


def _applied(data: dict[str, Any], path: Path) -> str:
    """A file with the edits of the JSON object, by hand."""
    text = Text.of(path.read_bytes().decode())
    edits = []
    for each in data["edits"]:
        if each["file"] == str(path):
            start, end = (Position(**each["range"][end]) for end in ("start", "end"))
            edits.append(Edit(text.span(Range(start, end), Encoding.UTF16), each["new_text"]))
    return str(apply(text, edits))


def test_the_json_object(naps: Path) -> None:
    run = _run(naps, "--json")
    assert (run.status, run.stderr) == (0, "")
    data = run.json
    _check(data)
    assert (data["file"], data["symbol"], data["source"]) == (str(naps), "nap", "rules")
    assert (data["model"], data["cached"], data["truncated"]) == (None, False, False)
    assert data["diff"] == DIFF
    assert data["range"] == {
        "start": {"line": 5, "character": 0},
        "end": {"line": 7, "character": 18},
    }
    assert [(d["call"], d["choice"], d["by"]) for d in data["decisions"]] == [
        ("time.sleep(seconds)", "await", "rule")
    ]
    assert {check["name"] for check in data["checks"]} >= {
        *("parses", "compiles", "lint", "places", "layout", "header", "awaited")
    }
    assert all(check["passed"] for check in data["checks"])
    assert _applied(data, naps) == NAP_ASYNC


def test_json_and_write_go_together(naps: Path) -> None:
    run = _run(naps, "--json", "--write")
    assert run.status == 0
    assert naps.read_text() == NAP_ASYNC
    assert run.json["diff"] == DIFF


def test_ranges_count_utf_16(naps: Path) -> None:
    text = NAP.replace("    time", "    '💤é'; time")
    naps.write_text(text, encoding="utf-8")
    data = _run(naps, "--json").json
    assert data["decisions"][0]["range"]["start"] == {"line": 6, "character": 11}
    assert "    '💤é'; await asyncio.sleep(seconds)\n" in _applied(data, naps)


def test_callers_are_in_the_json_object(naps: Path) -> None:
    night = naps.parent / "night.py"
    night.write_text(NIGHT)
    data = _run(naps, "--json").json
    assert data["callers"] == [{"path": str(night), "line": 5, "name": "night"}]


# What fails.


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (NAP_ASYNC, 6, "`nap` is already async."),
        ("f = lambda: 1\n", 1, "A lambda can't be async: make it a function first."),
        ("X = 1\n", 1, "There is no function here: put the cursor into one."),
        ("class A:\n    def __init__(self):\n        pass\n", 2, "`__init__` is called by Python"),
        ("class A:\n    x = 1\n", 2, "No method of `A` waits for anything."),
    ],
)
@pytest.mark.parametrize("options", [(), ("--json",), ("--write",)])
def test_a_refusal_is_one_sentence(
    naps: Path, text: str, line: int, reason: str, options: tuple[str, ...]
) -> None:
    naps.write_text(text)
    run = _run(naps, *options, line=line)
    assert (run.status, run.stdout) == (1, "")
    assert run.stderr.startswith(f"qwlsp: {reason}")
    assert run.stderr.count("\n") == 1
    assert naps.read_text() == text


def test_another_language_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nap.js"
    path.write_text("function nap() {\n  wait(1)\n}\n")
    run = _run(path, line=1)
    assert run.status == 1
    assert run.stderr == "qwlsp: Only Python can be made async, and nap.js is something else.\n"


def test_a_line_or_a_file_that_is_not_there(naps: Path) -> None:
    assert _run(naps, line=99).stderr == f"qwlsp: {naps} has no line 99: it has 9 lines.\n"
    missing = naps.with_name("missing.py")
    run = _run(missing)
    assert run.status == 1
    assert run.stderr.startswith(f"qwlsp: {missing} can't be read")


def test_a_table_with_a_kind_that_does_not_exist(naps: Path, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "async.toml").write_text(
        '[[way]]\nfamily = "sleep"\n[way.calls."time.sleep"]\nto = "await x"\ngives = "naps"\n'
    )
    run = _run(naps)
    assert run.status == 1
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("make-async",), ("make-async", "x.py:1", "--http-client", "telnet")]
)
def test_usage(arguments: tuple[str, ...]) -> None:
    run = qwlsp(*arguments)
    assert run.status == 2
    assert run.stdout == ""


def test_a_table_that_is_none(naps: Path, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "async.toml").write_text("[[way]\n")
    run = _run(naps)
    assert (run.status, run.stdout) == (1, "")
    assert run.stderr.startswith(f"qwlsp: {home / 'async.toml'} is no table of conversions: ")
    assert run.stderr.count("\n") == 1


def test_a_table_of_ones_own(naps: Path, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "async.toml").write_text(
        '[[way]]\nfamily = "sleep"\npackage = "anyio"\n'
        '[way.calls."time.sleep"]\nto = "await anyio.sleep"\n'
    )
    (naps.parent / "beds.py").write_text("import anyio\n")
    run = _run(naps, "--write")
    assert (run.status, run.stderr) == (0, "")
    assert "import anyio\n" in naps.read_text()
    assert "await anyio.sleep(seconds)" in naps.read_text()


# The model.


def test_without_a_model_unknown_calls_are_left(naps: Path) -> None:
    naps.write_text(UNKNOWN)
    data = _run(naps, "--json", line=4).json
    _check(data)
    open_calls = {d["call"]: (d["choice"], d["by"]) for d in data["decisions"]}
    assert [open_calls[call] for call in CALLS] == [("leave", "rule")] * 3
    assert (data["source"], data["model"]) == ("rules", None)
    assert data["usage"]["output_tokens"] == 0


def test_the_model_decides_in_few_tokens(naps: Path, tiny_model: Path) -> None:
    naps.write_text(UNKNOWN)
    run = qwlsp("make-async", f"{naps}:4", "--json", "--model", tiny_model)
    assert run.status == 0
    data = run.json
    _check(data)
    decided = {d["call"]: d for d in data["decisions"]}
    assert set(decided) >= set(CALLS)
    assert data["model"] == tiny_model.stem
    assert 0 < data["usage"]["output_tokens"] <= 8 * len(CALLS)
    for call in CALLS:
        is_sure = decided[call]["by"] == "model"
        assert (decided[call]["probability"] is not None) == is_sure
        assert is_sure or decided[call]["choice"] == "leave"
    compile(_applied(data, naps), "naps.py", "exec")


def test_the_function_is_read_once_for_all_calls(naps: Path, tiny_model: Path) -> None:
    notes = "".join(f"    # Note {number}.\n" for number in range(100))
    naps.write_text(UNKNOWN.replace("    time", notes + "    time"))
    data = qwlsp("make-async", f"{naps}:4", "--json", "--model", tiny_model).json
    read = data["usage"]["prompt_tokens"] - data["usage"]["reused_tokens"]
    assert read <= data["usage"]["prompt_tokens"] / 2


def test_where_all_is_known_the_model_is_not_asked(naps: Path, tiny_model: Path) -> None:
    data = qwlsp("make-async", f"{naps}:6", "--json", "--model", tiny_model).json
    assert (data["model"], data["source"]) == (None, "rules")
    assert data["usage"]["prompt_tokens"] == data["usage"]["output_tokens"] == 0
