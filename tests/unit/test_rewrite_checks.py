"""The checks of rewritten code: each fails when it should, and not otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qwlsp.actions import make_async
from qwlsp.actions.make_async import Prepared
from qwlsp.answers import Answer, Rewrite
from qwlsp.checks import conversions, linter, rewrites
from qwlsp.checks.linter import LinterFailed
from qwlsp.checks.rewrites import Check, combined, compiles, in_places, layout, linted, parses
from qwlsp.conversion import table
from qwlsp.conversion.rewriting import Rewritten
from qwlsp.documents import Snapshot
from qwlsp.edits import between
from qwlsp.text import Position, Range, Span, Text
from qwlsp.workspace.view import Workspace

NAME = "naps.py"
NAP = '''\
import time


def nap(seconds: float = 1, *, loud: bool = False) -> str:
    """Sleep."""
    time.sleep(seconds)
    return "awake"
'''
NAP_ASYNC = '''\
import asyncio


async def nap(seconds: float = 1, *, loud: bool = False) -> str:
    """Sleep."""
    await asyncio.sleep(seconds)
    return "awake"
'''


def _both(check: Callable[[str, Text, Text], Check], before: str, after: str) -> tuple[bool, str]:
    found = check(NAME, Text.of(before), Text.of(after))
    assert bool(found.detail) != found.passed or found.detail.endswith("before either.")
    return found.passed, found.detail


# Parses and compiles.


@pytest.mark.parametrize("check", [parses, compiles, linted, layout])
def test_a_sound_rewrite_passes(check: Callable[[str, Text, Text], Check]) -> None:
    assert _both(check, NAP, NAP_ASYNC) == (True, "")


@pytest.mark.parametrize(
    "after", ["def f(:\n    pass\n", "x = = 1\n", "async with x:\npass pass\n", "x = (\n"]
)
def test_a_syntax_error_does_not_parse(after: str) -> None:
    assert _both(parses, "x = 1\n", after) == (False, "naps.py would have a syntax error.")


def test_what_did_not_parse_before_may_stay_so() -> None:
    assert _both(parses, "x = (\n", "y = (\n") == (True, "")


def test_what_only_the_grammar_does_not_know_parses() -> None:
    after = "async def f(x):\n    g(*await x)\n"
    assert _both(parses, "def f(x):\n    g(*x)\n", after) == (True, "")


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ("async def f():\n    yield 1\n    return 1\n", "'return' with value in async generator"),
        ("async def f():\n    yield from g()\n", "'yield from' inside async function"),
        ("def f():\n    await g()\n", "'await' outside async function"),
        ("def f():\n    async with g():\n        pass\n", "'async with' outside async function"),
        ("def f(a, a):\n    pass\n", "duplicate "),
        ("await = 1\n", "invalid syntax"),
        ("async def f():\nreturn 1\n", "expected an indented block"),
        ("x = 1\nfrom __future__ import annotations\n", "from __future__ imports must occur"),
    ],
)
def test_what_does_not_compile(after: str, reason: str) -> None:
    passed, detail = _both(compiles, "def f():\n    pass\n", after)
    assert not passed
    assert detail.startswith(f"naps.py would not compile: {reason}")


def test_what_does_not_compile_says_where() -> None:
    _, detail = _both(compiles, "", "async def f():\n    yield 1\n    return 1\n")
    assert detail.endswith("(line 3).")


@pytest.mark.parametrize("before", ["x = (\n", "x = '\0'\n", "return\n"])
def test_what_did_not_compile_before_may_stay_so(before: str) -> None:
    detail = "naps.py did not compile before either."
    assert _both(compiles, before, before + "y\n") == (True, detail)


@pytest.mark.parametrize(
    "after", ["x = '\0'\n", "(" * 1000 + ")" * 1000 + "\n", "-" * 100_000 + "1"]
)
def test_what_makes_the_compiler_give_up_does_not_compile(after: str) -> None:
    passed, _ = _both(compiles, "x = 1\n", after)
    assert not passed


def test_a_warning_of_the_compiler_is_no_error() -> None:
    assert _both(compiles, "x = 1\n", "x = '\\d' is 1\n") == (True, "")


def test_future_imports_of_this_program_do_not_count() -> None:
    assert _both(compiles, "x = 1\n", "print(a := 1, barry_as_FLUFL := 1 != 2)\n")[0]


# The linter.


@pytest.mark.parametrize(
    ("after", "code"),
    [
        ("async def f():\n    await asyncio.sleep(1)\n", "F821"),
        ("import time\n\n\nasync def f():\n    time.sleep(1)\n", "ASYNC251"),
        ("async def f(path):\n    return open(path).read()\n", "ASYNC230"),
        ("import requests\n\n\nasync def f():\n    return requests.get('x')\n", "ASYNC210"),
        ("async def f():\n    x = 1\n", "F841"),
        ("async def f():\n    pass\n\n\nasync def f():\n    pass\n", "F811"),
    ],
)
def test_what_the_linter_finds_new_fails(after: str, code: str) -> None:
    passed, detail = _both(linted, "def f():\n    pass\n", after)
    assert not passed
    assert detail.startswith(NAME) and detail.endswith(f"({code}).")


def test_the_linters_line_is_that_of_the_new_text() -> None:
    _, detail = _both(linted, "def f():\n    pass\n", "\n\n\ndef f():\n    return missing\n")
    assert detail == "naps.py:5: Undefined name `missing` (F821)."


def test_what_the_linter_found_before_may_stay() -> None:
    before = "def f():\n    return missing\n"
    assert _both(linted, before, f"# More.\n{before}") == (True, "")


def test_another_of_what_the_linter_found_before_fails() -> None:
    before = "def f():\n    return missing\n"
    assert not _both(linted, before, before.replace("return", "return missing,"))[0]


def test_an_unused_import_does_no_harm() -> None:
    assert _both(linted, NAP, f"import asyncio\n{NAP}") == (True, "")


def test_without_a_linter_there_is_no_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(linter, "find_ruff_bin", missing)
    with pytest.raises(LinterFailed, match="ruff is not installed"):
        linted(NAME, Text.of(NAP), Text.of(NAP_ASYNC))


# Places.

LINES = "".join(f"{number}\n" for number in range(10))


@pytest.mark.parametrize(
    ("after", "planned"),
    [
        (LINES, set()),
        (LINES.replace("3", "three"), {3}),
        (LINES.replace("3\n", ""), {3}),
        (LINES.replace("3\n", "3\nnew\n"), {3}),
        (LINES.replace("3\n", "new\n3\n"), {3}),
        (LINES.replace("3\n4\n", "three\nfour\n"), {3, 4}),
        (LINES.replace("2", "two").replace("7", "seven"), {2, 7}),
        (LINES.rstrip("\n"), {9}),
        (f"{LINES}new\n", {9}),
    ],
)
def test_changes_in_planned_places(after: str, planned: set[int]) -> None:
    assert in_places(NAME, Text.of(LINES), Text.of(after), planned).passed


@pytest.mark.parametrize(
    ("after", "planned", "line"),
    [
        (LINES.replace("3", "three"), set(), 4),
        (LINES.replace("3", "three"), {2, 4}, 4),
        (LINES.replace("3\n4\n", "three\nfour\n"), {3}, 5),
        (LINES.replace("3\n4\n", ""), {3}, 5),
        (LINES.replace("6\n", "new\n6\n"), {2, 4, 7}, 7),
        (LINES.replace("2", "two").replace("7", "seven"), {2}, 8),
        (f"new\n{LINES}", {1}, 1),
    ],
)
def test_changes_elsewhere(after: str, planned: set[int], line: int) -> None:
    found = in_places(NAME, Text.of(LINES), Text.of(after), planned)
    assert found == Check("places", False, f"naps.py:{line} would change without need.")


# Layout.


@pytest.mark.parametrize(
    ("before", "after", "detail"),
    [
        ("a\r\nb\r\n", "a\nb\r\n", "naps.py would have mixed line ends."),
        ("a\nb\n", "a\r\nb\n", "naps.py would have mixed line ends."),
        ("a\nb\n", "a\rb\n", "naps.py would have mixed line ends."),
        ("a", "a\r\nb", "naps.py would have mixed line ends."),
        ("if a:\n\tb\n", "if a:\n\tb\n    c\n", "naps.py would mix tabs and spaces."),
        ("if a:\n    b\n", "if a:\n    b\n\tc\n", "naps.py would mix tabs and spaces."),
        ("a\n", "b", "naps.py would end differently."),
        ("a", "b\n", "naps.py would end differently."),
        ("a\r\nb", "a\r\nb\r\n", "naps.py would end differently."),
    ],
)
def test_another_layout(before: str, after: str, detail: str) -> None:
    assert _both(layout, before, after) == (False, detail)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\r\nb\r\n", "a\r\nc\r\nd\r\n"),
        ("a\r\nb\n", "a\nb\r\n"),
        ("if a:\n\tb\n    c\n", "if a:\n\tc\n    b\n"),
        ("if a:\n\tb\n", "if a:\n\tb\n\tc\n"),
        ("a\n", "if a:\n\tb\n"),
        ("a", "b\nc"),
        ("", "a\n"),
    ],
)
def test_the_same_layout(before: str, after: str) -> None:
    assert _both(layout, before, after) == (True, "")


# One of each name.


def test_the_first_failure_of_a_name_counts() -> None:
    good, bad, worse = Check("a", True), Check("a", False, "bad"), Check("a", False, "worse")
    other = Check("b", True)
    assert combined([good, bad, other, worse]) == [bad, other]
    assert combined([good, good]) == [good]
    assert combined([]) == []


# Header and awaited: what a wrong rewrite would look like.


def _prepared(files: dict[str, str], folder: Path, target: str = "nap") -> Prepared:
    """A plan for a function of the first file."""
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    path = str(folder / next(iter(files)))
    snapshot = Snapshot(Path(path).as_uri(), 1, "python", Text.of(next(iter(files.values()))))
    workspace = Workspace([folder], database=None, buffer=lambda path: None)
    at = snapshot.text.data.index(f"def {target}(".encode()) + 5
    return make_async.prepare(path, snapshot, Span(at, at), workspace, table.load())


def _checked(
    before: str, after: str, folder: Path, target: str = "nap"
) -> dict[str, tuple[bool, str]]:
    """The checks of a rewrite of one file by hand."""
    prepared = _prepared({NAME: before}, folder, target)
    old, new = Text.of(before), Text.of(after)
    rewritten = Rewritten(str(folder / NAME), old, new, tuple(between(old, new)))
    found = conversions.checks(prepared.program, prepared.plan, prepared.names, [rewritten])
    return {each.name: (each.passed, each.detail) for each in combined(found)}


def test_a_sound_rewrite_keeps_its_header(tmp_path: Path) -> None:
    checks = _checked(NAP, NAP_ASYNC, tmp_path)
    assert {"header", "awaited"} <= set(checks)
    assert set(checks.values()) == {(True, "")}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('    """Sleep."""\n', ""),
        ('"""Sleep."""', '"""Sleep!"""'),
        ("float = 1", "float = 2"),
        ("float = 1", "int = 1"),
        ("seconds: float = 1, ", ""),
        ("loud", "quiet"),
        (", *,", ","),
        ("async def", "@trace\nasync def"),
    ],
)
def test_another_header_fails(tmp_path: Path, old: str, new: str) -> None:
    assert old in NAP_ASYNC
    checks = _checked(NAP, NAP_ASYNC.replace(old, new, 1), tmp_path)
    assert checks["header"] == (False, "The header or docstring of `nap` would change.")


@pytest.mark.parametrize("new", ["@other\n", ""])
def test_another_decorator_fails(tmp_path: Path, new: str) -> None:
    before = NAP.replace("def nap", "@trace\ndef nap")
    after = NAP_ASYNC.replace("async def nap", f"{new}async def nap")
    checks = _checked(before, after, tmp_path)
    assert not checks["header"][0]


@pytest.mark.parametrize("decorator", ["trace", "trace(1)", "a.b.trace", "contextmanager"])
def test_the_same_decorator_passes(tmp_path: Path, decorator: str) -> None:
    before = NAP.replace("def nap", f"@{decorator}\ndef nap")
    as_async = decorator.replace("contextmanager", "asynccontextmanager")
    after = NAP_ASYNC.replace("async def nap", f"@{as_async}\nasync def nap")
    assert _checked(before, after, tmp_path)["header"] == (True, "")


def test_a_function_that_is_lost_fails(tmp_path: Path) -> None:
    checks = _checked(NAP, NAP_ASYNC.replace("def nap", "def nop"), tmp_path)
    assert checks["header"] == (False, "`nap` would be lost.")


CALLED = NAP + "\n\nasync def night():\n    return nap(8)\n"
CALLED_ASYNC = NAP_ASYNC + "\n\nasync def night():\n    return await nap(8)\n"


@pytest.mark.parametrize(
    "call",
    [
        "return await nap(8)",
        "return await nap(8) ** 2",
        "return f(*await nap(8))",
        "return await (nap(8))",
        "return (await\n        nap(8))",
        "return await \\\n        nap(8)",
    ],
)
def test_an_awaited_call_passes(tmp_path: Path, call: str) -> None:
    after = CALLED_ASYNC.replace("return await nap(8)", call)
    assert _checked(CALLED, after, tmp_path)["awaited"] == (True, "")


@pytest.mark.parametrize(
    "call", ["return nap(8)", "nap(8)", "x = [nap(8)]", "if nap(8):\n        pass", "f(nap(8))"]
)
def test_a_call_that_is_not_awaited_fails(tmp_path: Path, call: str) -> None:
    after = CALLED_ASYNC.replace("return await nap(8)", call)
    detail = "naps.py:11: `nap` would not be awaited there."
    assert _checked(CALLED, after, tmp_path)["awaited"] == (False, detail)


def test_a_recursive_call_must_be_awaited(tmp_path: Path) -> None:
    before = NAP.replace('return "awake"', "return nap(seconds - 1)")
    after = NAP_ASYNC.replace('return "awake"', "return nap(seconds - 1)")
    assert not _checked(before, after, tmp_path)["awaited"][0]
    after = after.replace("return nap", "return await nap")
    assert _checked(before, after, tmp_path)["awaited"][0]


@pytest.mark.parametrize(("call", "sound"), [("asyncio.run(nap(8))", True), ("nap(8)", False)])
def test_a_script_must_run_what_it_calls(tmp_path: Path, call: str, sound: bool) -> None:
    before = f"{NAP}\n\nnap(8)\n"
    after = f"{NAP_ASYNC}\n\n{call}\n"
    assert _checked(before, after, tmp_path)["awaited"][0] is sound


def test_callers_that_can_not_await_are_none_of_this_check(tmp_path: Path) -> None:
    more = "\n\ndef night():\n    return nap(8)\n"
    assert _checked(NAP + more, NAP_ASYNC + more, tmp_path)["awaited"] == (True, "")


@pytest.mark.parametrize(
    ("loop", "sound"),
    [
        ("async for each in naps(8):", True),
        ("for each in naps(8):", False),
    ],
)
def test_an_async_generator_must_be_iterated_over_as_such(
    tmp_path: Path, loop: str, sound: bool
) -> None:
    generator = NAP.replace("nap(", "naps(").replace("return", "yield")
    generator_async = NAP_ASYNC.replace("nap(", "naps(").replace("return", "yield")
    more = "\n\nasync def night():\n    LOOP\n        print(each)\n"
    before = generator + more.replace("LOOP", "for each in naps(8):")
    after = generator_async + more.replace("LOOP", loop)
    assert _checked(before, after, tmp_path, "naps")["awaited"][0] is sound


@pytest.mark.parametrize(
    ("bound", "sound"),
    [("asyncio = seconds", False), ("for asyncio in []:\n        pass", False), ("x = 1", True)],
)
def test_a_module_whose_name_means_something_else_fails(
    tmp_path: Path, bound: str, sound: bool
) -> None:
    prepared = _prepared({NAME: NAP.replace("    time", f"    {bound}\n    time")}, tmp_path)
    assert bool(_finished(prepared).edits) is sound


def test_changes_outside_of_the_plan_fail(tmp_path: Path) -> None:
    before = NAP + "\n\nX = 1\n"
    prepared = _prepared({NAME: before}, tmp_path)
    path = str(tmp_path / NAME)
    old = Text.of(before)
    planned = Text.of(NAP_ASYNC + "\n\nX = 1\n")
    edits = tuple(between(old, planned))
    snapshot = prepared.program.snapshots[path]
    good = Rewritten(path, old, planned, edits)
    assert conversions.in_places(NAME, good, snapshot).passed
    bad = Rewritten(path, old, Text.of(NAP_ASYNC + "\n\nX = 2\n"), edits)
    found = conversions.in_places(NAME, bad, snapshot)
    assert found == Check("places", False, "naps.py:10 would change without need.")


# A check that fails means no edit.


def _finished(prepared: Prepared) -> Rewrite:
    range_ = Range(Position(0, 0), Position(0, 0))
    about = Answer(action="", file="", symbol="", range=range_, source="rules", markdown="")
    return make_async.finish(prepared, about, {})


@pytest.mark.parametrize("name", ["parses", "compiles", "layout", "linted"])
def test_a_failed_check_means_no_edit_and_says_which(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = _prepared({NAME: NAP}, tmp_path)
    assert _finished(prepared).edits
    failed = Check(name, False, "It is wrong.")
    monkeypatch.setattr(rewrites, name, lambda path, before, after: failed)
    result = _finished(prepared)
    assert (result.edits, result.diff, result.texts) == ((), "", ())
    assert failed in result.checks
    assert f"the check *{name}* did not pass. It is wrong." in result.markdown


def test_one_bad_file_means_no_edit_in_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = "from naps import nap\n\n\nasync def night():\n    nap(1)\n"
    files = {NAME: NAP, "night.py": night}
    prepared = _prepared(files, tmp_path)
    sound = rewrites.layout

    def layout(path: str, before: Text, after: Text) -> Check:
        return Check("layout", False, path) if path == NAME else sound(path, before, after)

    monkeypatch.setattr(rewrites, "layout", layout)
    assert _finished(prepared).edits == ()
