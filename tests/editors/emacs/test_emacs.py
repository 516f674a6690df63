"""Emacs with eglot, set up as the guide says."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.editors.person import environment, from_guide

DRIVE = Path(__file__).parent / "drive.el"
TIMEOUT = 120.0
"""Seconds after which Emacs is stopped; it takes two or three."""

pytestmark = pytest.mark.editor


def test_eglot_explains_asks_edits_and_finds(emacs: Path, person: Path, project: Path) -> None:
    init, report = person / "init.el", person / "report.json"
    init.write_text(from_guide("Emacs", "elisp"), encoding="utf-8")
    run = subprocess.run(
        [emacs, "--quick", "--batch", "--load", init, "--load", DRIVE],
        cwd=project,
        env={**os.environ, **environment(person), "QWLSP_REPORT": str(report)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert report.exists(), f"Emacs ended with {run.returncode}: {run.stdout}"
    seen = json.loads(report.read_text(encoding="utf-8"))
    assert "error" not in seen, f"{seen['error']}\n{run.stdout}"
    titles = ["Explain `total`", "Find bugs in `total`", "Make `total` async"]
    assert seen["explain"]["actions"][:3] == titles
    assert "Explain `total` is done. Hover over `total` to read it." in seen["explain"]["said"]
    assert "that takes `prices` and returns `result`" in seen["explain"]["hover"]
    assert "What is it for? is done." in seen["ask"]
    assert "await asyncio.sleep(attempt)" in seen["async"]["after"]
    assert seen["async"]["undone"] == seen["async"]["before"]
    assert "B006" in seen["bug"]["found"]
    assert "into=None" in seen["bug"]["fixed"]
