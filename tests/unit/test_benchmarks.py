from __future__ import annotations

from importlib import import_module

import pytest

from benchmarks.__main__ import BENCHMARKS, main


@pytest.mark.parametrize("argv", [[], ["nothing-like-it"], ["--model"]])
def test_an_unknown_name_is_a_usage_error(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    assert "usage:" in capsys.readouterr().err


def test_help_lists_every_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in BENCHMARKS)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_name_has_a_module_that_runs(name: str) -> None:
    assert callable(import_module(f"benchmarks.{name}").main)
