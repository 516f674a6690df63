from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import qwlsp
from tests.contract import check_explanation
from tests.tiny_model import build

MISREAD = "is not UTF-8; what can't be read in it is shown as \N{REPLACEMENT CHARACTER}."


# With the model.


def test_the_json_object(sample: Path, tiny_model: Path) -> None:
    run = qwlsp("explain", f"{sample}:17", "--json", "--max-tokens", 32, "--model", tiny_model)
    assert (run.status, run.stderr) == (0, "")
    data = run.json
    check_explanation(data)
    assert (data["file"], data["symbol"]) == (str(sample), "total")
    assert data["range"] == {
        "start": {"line": 15, "character": 0},
        "end": {"line": 19, "character": 17},
    }
    assert (data["source"], data["model"], data["cached"]) == ("model", "tiny", False)
    piece = next(piece for piece in data["context"] if piece["role"] == "focus")
    assert (piece["path"], piece["lines"]) == (str(sample), [16, 20])
    assert all(piece["role"] != "focus" for piece in data["left_out"])
    usage = data["usage"]
    assert usage["prompt_tokens"] > piece["tokens"] > 0
    assert usage["reused_tokens"] == 0
    assert 0 < usage["output_tokens"] <= 32
    assert 0 < usage["first_token_seconds"] <= usage["seconds"]
    assert data["truncated"] == (usage["output_tokens"] == 32)


@pytest.mark.slow
def test_the_prompts_tokens_are_counted_to_the_last_one(sample: Path, tiny_model: Path) -> None:
    ask = ("explain", f"{sample}:17", "--json", "--max-tokens", 2, "--no-cache")
    ask += ("--model", str(tiny_model), "--context-tokens")
    whole = qwlsp(*ask, 100_000).json
    tokens = whole["usage"]["prompt_tokens"]
    assert qwlsp(*ask, tokens).json["left_out"] == []
    assert qwlsp(*ask, tokens - 1).json["left_out"] != []
    alone = tokens - sum(p["tokens"] for p in whole["context"] if p["role"] != "focus")
    assert qwlsp(*ask, alone).json["usage"]["prompt_tokens"] == alone
    shortened = qwlsp(*ask, alone - 1).json
    check_explanation(shortened)
    assert shortened["usage"]["prompt_tokens"] < alone
    [seen] = shortened["context"]
    unseen = next(piece for piece in shortened["left_out"] if piece["role"] == "focus")
    assert seen["lines"][0] == 16 and unseen["lines"] == [seen["lines"][1] + 1, 20]
    assert unseen["tokens"] > 0
    assert "did not fit and were not read" in shortened["markdown"]


def test_a_budget_that_nothing_fits_into(sample: Path, tiny_model: Path) -> None:
    run = qwlsp("explain", sample, "--context-tokens", 1, "--model", tiny_model, "--json")
    assert (run.status, run.stdout) == (1, "")
    assert run.stderr.startswith("qwlsp: The prompt needs")
    assert run.stderr.endswith("but the context holds only 1.\n")


def test_answers_are_remembered_unless_told_not_to(sample: Path, tiny_model: Path) -> None:
    ask = ("explain", f"{sample}:17", "--json", "--max-tokens", 16, "--model", tiny_model)
    assert not qwlsp(*ask, "--no-cache").json["cached"]
    first = qwlsp(*ask).json
    assert not first["cached"]  # --no-cache did not write
    second = qwlsp(*ask).json
    check_explanation(second)
    assert (second["cached"], second["markdown"]) == (True, first["markdown"])
    assert not qwlsp(*ask, "--no-cache").json["cached"]  # nor does it read


@pytest.mark.slow
def test_a_seed_decides_the_answer(sample: Path, tiny_model: Path) -> None:
    ask = ("explain", f"{sample}:17", "--no-cache", "--max-tokens", 64, "--temperature", 1)
    one, same, other = (
        qwlsp(*ask, "--model", tiny_model, "--seed", seed).stdout for seed in (7, 7, 8)
    )
    assert one == same != other


def test_the_answer_is_plain_markdown_in_a_pipe(sample: Path, tiny_model: Path) -> None:
    ask = ("explain", f"{sample}:17", "--max-tokens", 32, "--model", tiny_model)
    run = qwlsp(*ask)
    assert (run.status, run.stderr) == (0, "")
    assert "\x1b" not in run.stdout
    assert run.stdout.strip() == qwlsp(*ask, "--json").json["markdown"].strip()


def test_a_model_of_ones_own_folder(sample: Path, tiny_model: Path, home: Path) -> None:
    (home / "models").mkdir(parents=True)
    shutil.copy(tiny_model, home / "models" / "mine.gguf")
    ask = ("explain", f"{sample}:17", "--json", "--max-tokens", 2)
    assert qwlsp(*ask).json["model"] == "mine"


# Without one.


def test_without_a_model_the_syntax_tree_answers(sample: Path) -> None:
    data = qwlsp("explain", f"{sample}:17", "--json").json
    check_explanation(data)
    assert (data["source"], data["model"]) == ("structure", None)
    assert data["usage"] == dict.fromkeys(data["usage"], 0)
    assert data["context"] == data["left_out"] == []
    assert "without a model" in data["markdown"]


def test_no_model_beats_a_model(sample: Path, tiny_model: Path) -> None:
    run = qwlsp("explain", sample, "--no-model", "--json", QWLSP_MODEL=str(tiny_model))
    assert run.json["source"] == "structure"


def test_a_full_answer_says_more(sample: Path) -> None:
    brief, full = (
        qwlsp("explain", f"{sample}:17", "--no-model", "--detail", detail).stdout
        for detail in ("brief", "full")
    )
    assert "```" not in brief and "```" in full
    assert len(full) > len(brief)


# Places.


@pytest.mark.parametrize(
    ("place", "symbol"),
    [
        ("", ""),
        (":6", "Basket"),
        (":12-13", "Basket.add"),
        (":13-18", ""),
        (":16", "total"),
    ],
)
def test_what_a_place_means(sample: Path, place: str, symbol: str) -> None:
    run = qwlsp("explain", f"{sample}{place}", "--no-model", "--json")
    assert (run.status, run.stderr) == (0, "")
    assert run.json["symbol"] == symbol


def test_a_backwards_range_is_read_forwards(sample: Path) -> None:
    run = qwlsp("explain", f"{sample}:13-11", "--no-model", "--json")
    assert run.status == 0
    assert run.stderr == "qwlsp: Lines 13-11 are read as 11-13.\n"
    assert run.json["symbol"] == "Basket.add"


def test_a_relative_path_and_a_colon_in_the_name(
    sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sample.parent)
    odd = sample.rename("odd:3")
    assert "lines of text" in qwlsp("explain", "odd:3", "--no-model").stdout  # it has no ending
    odd.rename("odd:3.py")
    data = qwlsp("explain", "odd:3.py:17", "--no-model", "--json").json
    assert data["file"] == str(sample.parent / "odd:3.py")
    assert data["symbol"] == "total"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' names are Unicode")
def test_a_file_name_that_is_no_text(sample: Path) -> None:
    odd = sample.rename(sample.parent / "caf\udce9.py")
    run = qwlsp("explain", f"{odd}:17", "--no-model", "--json")
    assert run.status == 0
    assert run.json["symbol"] == "total"


# Files that are fine after all.


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.py"
    path.touch()
    run = qwlsp("explain", path, "--no-model", "--json")
    assert (run.status, run.stderr) == (0, "")
    check_explanation(run.json)


def test_a_syntax_error_elsewhere_is_a_warning(sample: Path) -> None:
    sample.write_text(sample.read_text() + "\n\ndef broken(:\n")
    run = qwlsp("explain", f"{sample}:17", "--no-model", "--json")
    assert run.status == 0
    assert run.json["symbol"] == "total"
    assert run.stderr == (
        f"qwlsp: {sample} has a syntax error; what could be read of it is used.\n"
    )


def test_text_that_is_not_utf8_is_a_warning(sample: Path) -> None:
    sample.write_bytes(sample.read_bytes().replace(b"wicker", b"\xe9\xff"))
    run = qwlsp("explain", f"{sample}:17", "--no-model", "--json")
    assert (run.status, run.stderr) == (0, f"qwlsp: {sample} {MISREAD}\n")
    assert run.json["symbol"] == "total"


def test_a_declared_encoding_is_read(sample: Path) -> None:
    text = "# coding: latin-1\n" + sample.read_text().replace("wicker", "é")
    sample.write_bytes(text.encode("latin-1"))
    run = qwlsp("explain", f"{sample}:18", "--no-model", "--json")
    assert (run.status, run.stderr) == (0, "")


def test_a_byte_order_mark_is_no_character(sample: Path) -> None:
    sample.write_text(sample.read_text(), encoding="utf-8-sig")
    run = qwlsp("explain", f"{sample}:17", "--no-model", "--json")
    assert (run.status, run.stderr) == (0, "")


def test_a_terminal_that_knows_ascii_only(sample: Path) -> None:
    sample.write_text(sample.read_text().replace("total", "größe"))
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    run = qwlsp("explain", f"{sample}:17", "--no-model", **ascii_only)
    assert (run.status, run.stderr) == (0, "")
    assert "`gr??e`" in run.stdout
    run = qwlsp("explain", f"{sample}:17", "--no-model", "--json", **ascii_only)
    assert run.json["symbol"] == "größe"


@pytest.mark.slow
def test_another_language(tmp_path: Path, tiny_model: Path) -> None:
    path = tmp_path / "cart.ts"
    path.write_text(
        "/** All of it. */\nexport function total(n: number): number {\n  return n\n}\n"
    )
    alone = qwlsp("explain", f"{path}:3", "--no-model").stdout
    assert "`total` is a function of" in alone and "> All of it." in alone
    data = qwlsp("explain", f"{path}:3", "--model", tiny_model, "--json").json
    check_explanation(data)
    assert data["symbol"] == "total"


# What is refused, with one sentence on stderr and nothing on stdout.


def _check_refused(*arguments: object, sentence: str) -> None:
    run = qwlsp("explain", *arguments)
    assert (run.status, run.stdout, run.stderr) == (1, "", f"qwlsp: {sentence}\n")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_file_that_is_missing(tmp_path: Path, options: list[str]) -> None:
    path = tmp_path / "none.py"
    _check_refused(path, *options, sentence=f"{path} can't be read: No such file or directory.")


def test_a_folder(tmp_path: Path) -> None:
    _check_refused(tmp_path, sentence=f"{tmp_path} is a folder; name a file.")


def test_a_line_past_the_end(sample: Path) -> None:
    _check_refused(f"{sample}:99", sentence=f"{sample} has no line 99: it has 21 lines.")


def test_line_zero(sample: Path) -> None:
    _check_refused(f"{sample}:0", sentence=f"{sample} has no line 0: it has 21 lines.")


def test_a_line_number_of_5000_digits(sample: Path) -> None:
    run = qwlsp("explain", f"{sample}:{'1' * 5000}")
    assert (run.status, run.stdout) == (1, "")


def test_a_file_name_of_5000_characters() -> None:
    run = qwlsp("explain", "x" * 5000 + ".py")
    assert (run.status, run.stdout) == (1, "")
    assert "File name too long" in run.stderr


def test_a_binary_file(tmp_path: Path, tiny_model: Path) -> None:
    path = Path(shutil.copy(tiny_model, tmp_path / "model.py"))
    _check_refused(path, "--no-model", sentence=f"{path} is a binary file.")


def test_a_model_that_is_missing(sample: Path, home: Path) -> None:
    where = f"it is neither a file nor a name in {home}/models."
    _check_refused(sample, "--model", "a.gguf", sentence=f"There is no model a.gguf: {where}")


def test_a_model_that_is_no_gguf_file(sample: Path) -> None:
    _check_refused(sample, "--model", sample, sentence="basket.py is not a GGUF file.")


@pytest.mark.parametrize("size", [2000, 200_000])
def test_a_model_that_is_cut_off(sample: Path, tmp_path: Path, tiny_model: Path, size: int) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(tiny_model.read_bytes()[:size])
    run = qwlsp("explain", sample, "--model", path, "--json")
    assert (run.status, run.stdout) == (1, "")
    assert run.stderr.splitlines()[-1].startswith("qwlsp: cut.gguf can't be loaded")


def test_a_home_that_is_no_folder(sample: Path, tmp_path: Path, tiny_model: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    run = qwlsp("explain", sample, "--model", tiny_model, QWLSP_HOME=str(file))
    assert (run.status, run.stdout) == (1, "")
    assert run.stderr == f"qwlsp: {file} can't be used as a folder: File exists.\n"


def test_a_model_without_a_chat_template_is_a_warning(sample: Path, tmp_path: Path) -> None:
    path = tmp_path / "plain.gguf"
    build(path, chat_template=None)
    run = qwlsp("explain", f"{sample}:17", "--max-tokens", 2, "--model", path, "--json")
    assert run.status == 0
    assert run.stderr == "qwlsp: The model has no chat template; ChatML is used instead.\n"
    assert run.json["source"] == "model"


# How it is used.


@pytest.mark.parametrize(
    "options",
    [
        ["--no-such-option"],
        ["--temperature", "3"],
        ["--temperature", "hot"],
        ["--temperature", "nan"],
        ["--max-tokens", "0"],
        ["--context-tokens", "0"],
        ["--detail", "long"],
    ],
)
def test_wrong_usage(sample: Path, options: list[str]) -> None:
    run = qwlsp("explain", sample, *options)
    assert (run.status, run.stdout) == (2, "")
    assert run.stderr
