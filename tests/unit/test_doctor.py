"""What the doctor advises, and what it shows: from plain data, nothing of it measured."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from qwlsp import doctor
from qwlsp.doctor import LlamaCpp, Machine, Measured, Report, advice
from qwlsp.models.listing import FoundModel
from qwlsp.models.stores import Skipped

MACHINE = Machine(
    processor="A processor",
    cores=4,
    usable_cores=8,
    memory_mib=16_000,
    free_memory_mib=8_000,
    gpus=[],
    nvidia=False,
    on_battery=False,
)
MODEL = FoundModel(
    name="qwen2.5-0.5b-instruct-q4_0",
    path="/models/q.gguf",
    origin="qwlsp",
    size_bytes=400_000_000,
    quantization="Q4_0",
    architecture="qwen2",
    context_length=32_768,
    fits=True,
    chat_template=True,
    parts=1,
)
REPORT = Report(
    machine=MACHINE,
    llama_cpp=LlamaCpp(version="0.3.36", avx2=True),
    model=MODEL,
    problem="",
    fit={"threads": 4, "micro_batch": 256},
    measured=Measured(prefill_tps=150.0, decode_tps=40.0, memory_mib=600),
    stores=[{"origin": "qwlsp", "folder": "/models", "models": 1}],
    skipped=[Skipped(Path("/models/x.gguf"), "qwlsp", "x.gguf can't be loaded: it is empty.")],
    advice=[],
)
CARD = {"name": "A card", "free": 1, "total": 2}


def advised(**changes: object) -> str:
    return " ".join(advice(replace(REPORT, **changes)))


def machine(**changes: object) -> Machine:
    return replace(MACHINE, **changes)  # type: ignore[arg-type]


def test_nothing_to_change() -> None:
    assert advised() == ""


def test_no_model() -> None:
    assert "answers come from the syntax tree. Run `qwlsp model pull`" in advised(model=None)


def test_a_damaged_model() -> None:
    assert advised(model=None, problem="x.gguf can't be loaded.") == "x.gguf can't be loaded."


def test_a_model_that_is_too_large() -> None:
    assert "take a smaller model" in advised(model=replace(MODEL, fits=False))


def test_no_llama_cpp() -> None:
    missing = LlamaCpp(version=None, problem="llama-cpp-python can't be loaded: no such file.")
    said = advised(llama_cpp=missing, machine=machine(nvidia=True))
    assert said.startswith(missing.problem)
    assert "NVIDIA" not in said


def test_a_card_that_is_not_used() -> None:
    said = advised(machine=machine(nvidia=True))
    assert "built without GPU support" in said
    assert "llama-cpp-python==0.3.36" in said
    with_gpu = LlamaCpp(version="0.3.36", gpu_offload=True)
    assert advised(machine=machine(nvidia=True, gpus=[CARD]), llama_cpp=with_gpu) == ""


def test_a_faster_type() -> None:
    slow = replace(MODEL, name="qwen2.5-0.5b-instruct-q4_k_m", quantization="Q4_K_M")
    said = advised(model=slow)
    assert "On another machine" in said
    assert "`qwlsp model pull qwen2.5-0.5b-instruct:q4_0`" in said
    assert "qwlsp model convert" in advised(model=replace(slow, name="mine"))
    assert advised(model=slow, llama_cpp=LlamaCpp(version="1", avx2=False)) == ""
    assert advised(model=slow, machine=machine(gpus=[CARD])) == ""


def test_little_memory_and_a_battery() -> None:
    assert "Only 500 MiB" in advised(machine=machine(free_memory_mib=500))
    assert "On battery" in advised(machine=machine(on_battery=True))


def test_no_chat_template() -> None:
    assert "ChatML" in advised(model=replace(MODEL, chat_template=False))


def test_every_sentence_is_one() -> None:
    worst = replace(
        REPORT,
        machine=machine(nvidia=True, free_memory_mib=1, on_battery=True),
        model=replace(MODEL, fits=False, chat_template=False, quantization="Q4_K_M"),
    )
    sentences = list(advice(worst))
    assert len(sentences) == 6
    assert all(each.endswith(".") and "\n" not in each for each in sentences)


def test_the_json_object() -> None:
    data = json.loads(json.dumps(REPORT.to_json()))
    assert {"machine", "model", "llama_cpp", "speed", "memory_mib", "advice"} <= set(data)
    assert data["speed"] == {"prefill_tps": 150.0, "decode_tps": 40.0}
    assert data["memory_mib"] == 600
    assert data["llama_cpp"]["version"] == "0.3.36"
    assert data["llama_cpp"]["gpu_offload"] is False
    assert data["skipped"] == [
        {
            "path": "/models/x.gguf",
            "origin": "qwlsp",
            "reason": "x.gguf can't be loaded: it is empty.",
        }
    ]


def test_the_json_object_of_nothing() -> None:
    data = replace(REPORT, model=None, measured=None, fit=None).to_json()
    assert (data["model"], data["memory_mib"], data["fit"]) == (None, None, None)
    assert data["speed"] == {"prefill_tps": None, "decode_tps": None}


def test_what_people_read() -> None:
    lines = dict(REPORT.lines())
    assert lines["processor"] == "A processor, 4 cores"
    assert lines["llama.cpp"] == "0.3.36, without GPU support"
    assert lines["speed"] == "reads 150 tokens/s, writes 40 tokens/s"
    assert lines["skipped"] == "x.gguf can't be loaded: it is empty."


def test_what_people_read_where_there_is_nothing() -> None:
    nothing = replace(
        REPORT, model=None, measured=None, fit=None, llama_cpp=LlamaCpp(version=None, problem="x")
    )
    lines = dict(nothing.lines())
    assert lines["model"] == "none"
    assert lines["llama.cpp"] == "can't be loaded"
    assert "speed" not in lines


@pytest.mark.parametrize(
    ("battery", "on_battery"),
    [
        (None, False),
        (SimpleNamespace(power_plugged=True), False),
        (SimpleNamespace(power_plugged=None), False),
        (SimpleNamespace(power_plugged=False), True),
    ],
)
def test_the_battery(monkeypatch: pytest.MonkeyPatch, battery: object, on_battery: bool) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    assert doctor._machine([]).on_battery is on_battery


@pytest.mark.parametrize("stdout", [b"", b"<html>"])
def test_a_process_that_says_nothing_useful(monkeypatch: pytest.MonkeyPatch, stdout: bytes) -> None:
    def run(command: list[str], **_options: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, 0, stdout, b"")

    monkeypatch.setattr(subprocess, "run", run)
    found, gpus, fit = doctor._llama_cpp(None)
    assert found.version is None
    assert found.problem == "llama-cpp-python can't be loaded: it gives no reason."
    assert (gpus, fit) == ([], None)


def test_a_process_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_options: object) -> None:
        raise subprocess.CalledProcessError(1, command, b"", b"Traceback\nImportError: no libc\n")

    monkeypatch.setattr(subprocess, "run", run)
    problem = doctor._llama_cpp(None)[0].problem
    assert problem == "llama-cpp-python can't be loaded: ImportError: no libc."
