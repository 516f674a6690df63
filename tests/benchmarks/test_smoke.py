"""Every benchmark runs from start to end, and prints the figures that it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main

KEYS = {
    "engine": {
        "prefill_tps_512",
        "prefill_tps_2048",
        "decode_tps_512",
        "decode_tps_2048",
        "decode_plain_tps",
        "decode_json_tps",
        "decode_copy_tps",
        "accepted_share",
        "cancel_ms_p95",
        "preempt_ms_p95",
    },
    "session": {
        "warm_first_token_ms",
        "other_action_first_token_ms",
        "back_first_token_ms",
        "cold_first_token_ms",
        "after_cancel_first_token_ms",
        "reopen_first_token_ms",
    },
    "server": {
        "initialize_ms",
        "bare_pygls_initialize_ms",
        "code_action_ms_p99",
        "did_change_ms_p99",
        "hover_ms_p99",
    },
    "memory": {"start_mib", "peak_mib_server", "peak_mib_worker"},
    "repeat": {"p50_ms", "p95_ms", "rss_growth_mib"},
}
SMALL = {
    "engine": ["--rounds=1", "--stops=2", "--threads=1"],
    "session": ["--rounds=1", "--threads=1"],
    "server": ["--starts=1", "--rounds=2"],
    "memory": ["--fill=512"],
    "repeat": ["--rounds=1", "--requests=2"],
}


def run(name: str, model: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, float]:
    assert main([name, "--model", str(model), *SMALL[name], *more]) == 0
    result: dict[str, float] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return result


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name == "session" else name for name in KEYS],
)
def test_a_benchmark_measures_all_that_it_promises(
    name: str,
    tiny_model: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchmarks.editor.QUIET_SECONDS", 1.5)  # it reads in no time
    monkeypatch.setattr("benchmarks.session.SAVING_SECONDS", 3.0)
    result = run(name, tiny_model, capsys)
    assert result.keys() >= KEYS[name]
    assert all(result[key] > 0 for key in KEYS[name] - {"rss_growth_mib"})


def test_memory_is_measured_with_the_full_context_and_the_asked_for_tokens(
    tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run("memory", tiny_model, capsys, "--frugal")
    assert result["context_tokens"] == 32_768
    assert result["filled_tokens"] == pytest.approx(512, abs=64)
    assert result["kv_type"] == "f16"  # a small model has room for it within any limit
