from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from qwlsp import json_file
from qwlsp.bugs.dismissed import Dismissed
from qwlsp.bugs.finding import Finding, quoted
from qwlsp.documents import Snapshot
from qwlsp.syntax.scopes import Scope
from qwlsp.text import Span, Text

CODE = "def f():\n    return wrong\n\n\ndef g():\n    x = wrong\n    x = wrong\n"


def at(code: str, words: str = "return wrong") -> tuple[Finding, Text, Scope]:
    """A finding on the last `words` in `code`, with what else says what it is about."""
    text = Text.of(code)
    start = text.data.rindex(words.encode())
    span = Span(start, start + len(words.encode()))
    finding = Finding(
        span=span,
        severity="warning",
        message="Wrong.",
        quote=quoted(text, start),
        origin="ruff:F821",
        kind="undefined name",
        confidence=1.0,
    )
    return finding, text, Snapshot("file:///a.py", None, "python", text).scope_at(span)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "dismissed.json"


def test_nothing_is_dismissed_at_first(path: Path) -> None:
    assert not Dismissed(path).is_dismissed(*at(CODE))
    assert not path.exists()


def test_dismissed_stays_away_also_after_a_restart(path: Path) -> None:
    known = Dismissed(path)
    known.dismiss(*at(CODE))
    assert known.is_dismissed(*at(CODE))
    assert Dismissed(path).is_dismissed(*at(CODE))


@pytest.mark.parametrize(
    "code",
    [
        "import os\n\n" + CODE,
        CODE + "\n# more\n",
        CODE.replace("    return", "    y = 1\n    return"),
        CODE.replace("    return wrong", "    if x:\n        return wrong  "),
    ],
)
def test_edits_elsewhere_leave_it_dismissed(path: Path, code: str) -> None:
    Dismissed(path).dismiss(*at(CODE))
    assert Dismissed(path).is_dismissed(*at(code))


@pytest.mark.parametrize(
    "code",
    [
        CODE.replace("return wrong", "return wrong + 1"),
        CODE.replace("def f", "def other"),
        "class A:\n    def f():\n        return wrong\n",
    ],
)
def test_it_comes_back_when_its_code_changes(path: Path, code: str) -> None:
    Dismissed(path).dismiss(*at(CODE))
    assert not Dismissed(path).is_dismissed(*at(code))


@pytest.mark.parametrize("other", [{"origin": "model"}, {"kind": "wrong result"}])
def test_other_findings_on_the_line_are_not_dismissed(path: Path, other: dict[str, str]) -> None:
    known = Dismissed(path)
    finding, text, scope = at(CODE)
    known.dismiss(finding, text, scope)
    assert not known.is_dismissed(replace(finding, **other), text, scope)


def test_equal_lines_are_dismissed_one_by_one(path: Path) -> None:
    known = Dismissed(path)
    second, text, scope = at(CODE, "x = wrong")
    line = text.line_span(text.line_of(second.span.start) - 1)
    first = replace(second, span=Span(line.start + 4, line.end))
    known.dismiss(second, text, scope)
    assert known.is_dismissed(second, text, scope)
    assert not known.is_dismissed(first, text, scope)


def test_all_lines_of_a_finding_count(path: Path) -> None:
    known = Dismissed(path)
    known.dismiss(*at("f(\n  a,\n  b)\n", "f(\n  a,\n  b)"))
    assert known.is_dismissed(*at("x\nf(\n  a,\n  b)\n", "f(\n  a,\n  b)"))
    assert not known.is_dismissed(*at("f(\n  a,\n  c)\n", "f(\n  a,\n  c)"))


def test_texts_that_are_hard_to_keep(path: Path) -> None:
    code = "def f():\n    return '\x00𝄞\ud800'\n"
    Dismissed(path).dismiss(*at(code, "return"))
    assert Dismissed(path).is_dismissed(*at(code, "return"))


def test_the_oldest_are_forgotten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwlsp.bugs.dismissed.MOST", 3)
    known = Dismissed(path)
    for name in ("a", "b", "a", "c", "d"):
        known.dismiss(*at(f"return {name}", "return"))
    left = [
        name for name in "abcd" if Dismissed(path).is_dismissed(*at(f"return {name}", "return"))
    ]
    assert left == ["a", "c", "d"]
    assert len(json.loads(path.read_text("utf-8"))["dismissed"]) == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'{"version": 1}',
        b'{"version": 1, "dismissed": 3}',
        b'{"version": 1, "dismissed": [1, null, {}]}',
        b'{"version": 99, "dismissed": []}',
        b'{"version": 1, "dismissed": ["ab',
        b"[" * 100_000,
    ],
)
def test_broken_file_is_replaced(path: Path, data: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(data)
    known = Dismissed(path)
    assert not known.is_dismissed(*at(CODE))
    known.dismiss(*at(CODE))
    assert Dismissed(path).is_dismissed(*at(CODE))


def test_huge_file_is_not_read(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b" " * (json_file.LARGEST + 1))
    assert not Dismissed(path).is_dismissed(*at(CODE))


def test_two_editors_keep_what_both_dismiss(path: Path) -> None:
    one, other = Dismissed(path), Dismissed(path)
    one.dismiss(*at(CODE))
    other.dismiss(*at(CODE, "x = wrong"))
    again = Dismissed(path)
    assert again.is_dismissed(*at(CODE)) and again.is_dismissed(*at(CODE, "x = wrong"))


def test_what_can_not_be_written_is_remembered_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    known = Dismissed(tmp_path / "file" / "dismissed.json")
    known.dismiss(*at(CODE))
    assert known.is_dismissed(*at(CODE))


def test_nothing_else_is_left_in_the_folder(path: Path) -> None:
    Dismissed(path).dismiss(*at(CODE))
    assert [each.name for each in path.parent.iterdir()] == ["dismissed.json"]


def test_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Dismissed(path)
    known.dismiss(*at(CODE))
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("qwlsp.json_file.json.dump", full)
    known.dismiss(*at(CODE, "x = wrong"))
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["dismissed.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_file_is_for_its_owner_alone(path: Path) -> None:
    Dismissed(path).dismiss(*at(CODE))
    assert path.stat().st_mode & 0o077 == 0
