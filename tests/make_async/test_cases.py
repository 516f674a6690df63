"""Each folder of cases/ is a small program before and after: both run, and do the same.

A case has the program `before.py`, the modules it imports, and `case.toml`:

- `about`: what must be got right; `target`: the qualified name in before.py of what becomes async.
- `call`: an expression on the names of before.py, or a list of such, which after the change are
  awaited one after the other; of a generator, the items are the result.
  It may say `items(iterable)` for a list of the items, `entered(manager, use)` for what `use` makes
  of the value of a context manager inside `with`, and `together(call, call)` for calls that are one
  after the other before the change, and tasks at the same time after it.
  `call_after`: the same for the program after, where it is another one; it may contain `await`.
  `script = true` instead: before.py is run as a program, and what it prints is the result.
- `result`, or `raises`: the name of an exception; none of both: the result is None.
- `effects`: what the fakes recorded (see `fakes.World`); checked where given before, always after.
- `files`: the files in the folder the program runs in; `leaves`: files that must be there at the
  end; `typed`: what `input` gets.
- `uses`: packages that the project imports elsewhere; `client`, `with_callers`: options;
  `warned`: what a warning must contain.
- `limit`: what is known to be wrong with the result, so that the test has to fail.
- `refused` instead of all that: a part of the sentence that says why not, in any case of letters.

`after.py`, and `after_NAME.py` of another module NAME.py, are what the files become; a file without
one stays as it is.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import re
import runpy
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from qwlsp.errors import QwlspError
from tests.make_async.convert import convert
from tests.make_async.fakes import World, faked

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = {path.parent.name: path.parent for path in Path(__file__).parent.glob("cases/*/case.toml")}
OPTIONS = ("client", "with_callers")
KEYS = {
    *("about", "target", "call", "call_after", "script", "result", "raises", "effects", "files"),
    *("leaves", "typed", "uses", "warned", "refused", "limit", *OPTIONS),
}

FIT_FOR_LOOPS = {"nothing_to_await", "async_caller_to_thread"}
"""The cases whose program does not block a loop as it stands."""


class Run(NamedTuple):
    """How a program went."""

    result: Any
    world: World
    files: dict[str, str]


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Path:
    """The folder of a case."""
    return CASES[request.param]


def test_before(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = described(case)
    if "refused" in told:
        return
    project = tmp_path / "before"
    shutil.copytree(case, project)
    run = ran(project, told, told.get("call", ""), workplace(tmp_path, told, monkeypatch))
    assert run.result == expected(told)
    assert run.world.effects == told.get("effects", run.world.effects)
    assert run.files == run.files | told.get("leaves", {})


def test_before_fails_in_loop(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The case can fail: a program that stays as it is does not get through."""
    told = described(case)
    if "call" not in told or case.name in FIT_FOR_LOOPS:
        return
    project = tmp_path / "before"
    shutil.copytree(case, project)
    home = workplace(tmp_path, told, monkeypatch)
    with pytest.raises((AssertionError, RuntimeError, TypeError)):
        ran(project, told, told.get("call_after", told["call"]), home, in_loop=True)


def test_after(
    case: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    told, wanted = described(case), afterwards(case)
    if "limit" in told:
        request.applymarker(pytest.mark.xfail(reason=told["limit"], strict=True))
    if "refused" not in told and not wanted:
        pytest.fail(f"no after.py yet: see `python -m tests.make_async.convert {case.name}`")
    project = tmp_path / "after"
    shutil.copytree(case, project, ignore=shutil.ignore_patterns("after*.py", "case.toml"))
    if "uses" in told:
        imports = "".join(f"import {package}\n" for package in told["uses"])
        (project / "deps.py").write_text(imports, encoding="utf-8")
    options = {name: told[name] for name in OPTIONS if name in told}
    if "refused" in told:
        with pytest.raises(QwlspError, match=f"(?i){re.escape(told['refused'])}"):
            convert(project, told["target"], **options)
        return

    converted = convert(project, told["target"], **options)
    assert [check for check in converted.checks if not check[1]] == []
    assert converted.files == wanted
    assert told.get("warned", "") in "\n".join(converted.warnings)

    for name, text in converted.files.items():
        (project / name).write_bytes(text.encode())
    call = told.get("call_after", told.get("call", ""))
    after = ran(project, told, call, workplace(tmp_path, told, monkeypatch), in_loop=True)
    assert after.world.blocked == []
    assert after.result == expected(told)
    assert after.files == after.files | told.get("leaves", {})
    assert after.world.effects == effects_before(case, told, tmp_path, monkeypatch)


def test_case_descriptions(case: Path) -> None:
    told = described(case)
    assert set(told) <= KEYS
    assert told["about"].endswith(".")
    assert len({"call", "script", "refused"} & set(told)) == 1


def described(case: Path) -> dict[str, Any]:
    """What case.toml says."""
    return tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))


def afterwards(case: Path) -> dict[str, str]:
    """The text of each file that must have changed, by the file's name; empty without after.py."""
    texts = {}
    for path in case.glob("after*.py"):
        name = "before.py" if path.name == "after.py" else path.name.removeprefix("after_")
        texts[name] = path.read_bytes().decode()
    return texts


def effects_before(
    case: Path, told: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[Any, ...]]:
    """What the program did before it was changed."""
    if "effects" in told:
        return told["effects"]
    project = tmp_path / "before"
    shutil.copytree(case, project)
    home = workplace(tmp_path, told, monkeypatch)
    return ran(project, told, told.get("call", ""), home).world.effects


def expected(told: dict[str, Any]) -> Any:
    """The result, or the name of the exception, as `ran` gives it."""
    return f"raises {told['raises']}" if "raises" in told else told.get("result")


def workplace(tmp_path: Path, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new folder with the files of the case, and the working directory from now on."""
    home = tmp_path / f"run {len(list(tmp_path.glob('run *')))}"
    home.mkdir()
    for name, text in told.get("files", {}).items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    monkeypatch.chdir(home)
    return home


def ran(
    project: Path, told: dict[str, Any], call: str, home: Path, *, in_loop: bool = False
) -> Run:
    """Load before.py of a project among the fakes, and run it; a program brings its own loop."""
    with faked(told.get("typed", ())) as world, importable(project):
        try:
            if told.get("script"):
                result = printed(project / "before.py")
            else:
                names = vars(importlib.import_module("before"))
                result = asyncio.run(awaited(call, names)) if in_loop else direct(call, names)
        except Exception as error:
            if "raises" not in told or world.blocked:
                raise
            result = f"raises {type(error).__name__}"
    world.effects = plain(world.effects)
    kept = [path for path in home.rglob("*") if path.is_file()]
    files = {path.relative_to(home).as_posix(): path.read_bytes() for path in kept}
    return Run(
        plain(result),
        world,
        {name: data.decode("utf-8", "replace") for name, data in files.items()},
    )


def direct(call: str, names: dict[str, Any]) -> Any:
    """The value of an expression, where no loop runs; of a generator, its items."""

    def entered(manager: Any, use: Callable[[Any], Any] = lambda value: value) -> Any:
        with manager as value:
            return use(value)

    helpers = {"entered": entered, "items": list, "together": lambda *values: values}
    value = eval(call, {**names, **helpers})
    return list(value) if isinstance(value, Iterator) else value


async def awaited(call: str, names: dict[str, Any]) -> Any:
    """The value of an expression in a loop, awaited if it has to be; of a generator, its items."""

    async def entered(manager: Any, use: Callable[[Any], Any] = lambda value: value) -> Any:
        async with manager as value:
            return await settled(use(value))

    async def items(iterable: Any) -> list[Any]:
        return [item async for item in iterable]

    helpers = {"entered": entered, "items": items, "together": asyncio.gather}
    code = compile(call, "call", "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    value = await settled(eval(code, {**names, **helpers}))
    if isinstance(value, AsyncIterator):
        return [item async for item in value]
    return list(value) if isinstance(value, Iterator) else value


async def settled(value: Any) -> Any:
    """What comes of a value when it is awaited for as long as it can be, and so are its items."""
    while inspect.isawaitable(value):
        value = await value
    return [await settled(item) for item in value] if type(value) in (list, tuple) else value


def printed(program: Path) -> str:
    """What a program prints, and in the last line with which status it exits, if it says so."""
    status = ""
    with redirect_stdout(StringIO()) as output:
        try:
            runpy.run_path(str(program), run_name="__main__")
        except SystemExit as exit:
            status = f"exit {exit.code}"
    return output.getvalue() + status


@contextmanager
def importable(project: Path) -> Iterator[None]:
    """The modules of a project can be imported, anew each time, and without a trace."""
    known, writes = set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, str(project))
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(str(project))
        for name in set(sys.modules) - known:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(project)):
                del sys.modules[name]


def plain(value: Any) -> Any:
    """A value in what TOML has: tuples as lists."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
