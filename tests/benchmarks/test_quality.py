"""The benchmark of answers counts what is found where the bug is, and what is found elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import quality
from benchmarks.__main__ import main

CASES = """\
[[case]]
kind = "undefined_name"
name = "price"
function = "Shop.price"
line = 3
lines = []

[[case]]
kind = "undefined_name"
name = "tax"
function = "tax"
line = 1
lines = [5]

[[case]]
kind = "off_by_one"
name = "last"
function = "last"
line = 2
lines = []
"""
FILES = {
    "undefined_name/price": "class Shop:\n    def price(self, pear):\n        return paer\n",
    "undefined_name/price_fixed": "class Shop:\n    def price(self, pear):\n        return pear\n",
    # What is found is on another line than the bug, and something is found in the twin.
    "undefined_name/tax": "def tax(price):\n    return price / 5 or prise\n\n\nprint(prise)\n",
    "undefined_name/tax_fixed": "def tax(price):\n    return prise / 5\n",
    "off_by_one/last": "def last(apples):\n    return apples[len(apples)]\n",
    "off_by_one/last_fixed": "def last(apples):\n    return apples[-1]\n",
}


@pytest.fixture(autouse=True)
def cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cases in place of the real ones."""
    folder = tmp_path / "cases"
    for name, code in FILES.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    (folder / "cases.toml").write_text(CASES)
    monkeypatch.setattr(quality, "FIND_BUG", folder)


def run(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[list[str], dict[str, Any]]:
    """The table, and the JSON object."""
    assert main(["quality", *options]) == 0
    *table, last = capsys.readouterr().out.splitlines()
    result: dict[str, Any] = json.loads(last)
    return table, result


def test_without_a_model_the_rules_are_scored(capsys: pytest.CaptureFixture[str]) -> None:
    table, result = run(capsys, "--no-model")
    assert result == {
        "find_bug/undefined_name": {
            "cases": 2, "passed": None, "no_model_passed": 1, "twins_with_findings": 1,
        },
        "find_bug/off_by_one": {
            "cases": 1, "passed": None, "no_model_passed": 0, "twins_with_findings": 0,
        },
    }  # fmt: skip
    assert [line.split() for line in table[1:]] == [
        ["find_bug/undefined_name", "2", "-", "1", "1"],
        ["find_bug/off_by_one", "1", "-", "0", "0"],
    ]


def test_a_model_is_scored_beside_the_rules(
    capsys: pytest.CaptureFixture[str], tiny_model: Path
) -> None:
    _, result = run(capsys, "--model", str(tiny_model))
    rules = run(capsys, "--no-model")[1]
    for kind, figures in result.items():
        assert figures["cases"] == rules[kind]["cases"]
        assert figures["no_model_passed"] == rules[kind]["no_model_passed"]
        assert figures["no_model_passed"] <= figures["passed"] <= figures["cases"]
        assert figures["twins_with_findings"] >= rules[kind]["twins_with_findings"]


def test_a_limit_takes_the_first_cases_of_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    _, result = run(capsys, "--no-model", "--limit", "1")
    assert [figures["cases"] for figures in result.values()] == [1, 1]
    assert result["find_bug/undefined_name"]["twins_with_findings"] == 0


@pytest.mark.parametrize("options", [[], ["--model"], ["--no-model", "--model", "x.gguf"]])
def test_it_is_said_whether_there_is_a_model(options: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["quality", *options])
    assert ended.value.code == 2
