"""The benchmark of the index, on a small folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_the_last_line_has_the_figures(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f():\n    return 1\n")
    (tmp_path / "b.md").write_text("# B\n")
    command = [sys.executable, "-m", "benchmarks", "index", str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["files"], result["lines"], result["skipped"]) == (2, 3, 0)
    assert result["again_seconds"] > 0
    assert result["first_seconds"] > 0
    assert 0 < result["peak_mib"] < 200
    assert done.stderr == ""


def test_what_is_no_folder_is_a_usage_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "index", str(tmp_path / "nothing")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "is not a folder" in done.stderr
