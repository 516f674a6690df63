"""Neovim, set up like a person's and driven by a Lua script; see `run.lua` and `editor.lua`."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.editors.person import environment, from_guide

HERE = Path(__file__).parent
PLUGIN = HERE.parents[2] / "editors" / "nvim"
TIMEOUT = 120.0
"""Seconds after which Neovim is stopped; a scenario takes two to ten."""


@dataclass(frozen=True)
class Neovim:
    """A Neovim program, and a person's folder with nothing in it yet."""

    program: Path
    person: Path

    def use_plugin(self, **options: Any) -> None:
        """Install the plugin as a package, and put its set-up into init.lua."""
        packages = self.person / "data" / "nvim" / "site" / "pack" / "qwlsp" / "start"
        packages.mkdir(parents=True)
        (packages / "qwlsp").symlink_to(PLUGIN)
        given = json.dumps(json.dumps(options))
        self._write_init(f"require('qwlsp').setup(vim.json.decode({given}))\n")

    def use_one_file(self, **settings: Any) -> None:
        """Copy lsp/qwlsp.lua, which is all that Neovim needs."""
        folder = self.person / "config" / "nvim" / "lsp"
        folder.mkdir(parents=True)
        (folder / "qwlsp.lua").write_bytes((PLUGIN / "lsp" / "qwlsp.lua").read_bytes())
        given = json.dumps(json.dumps({"settings": {"qwlsp": settings}}))
        self._write_init(
            f"vim.lsp.config('qwlsp', vim.json.decode({given}))\n{from_guide('Neovim', 'lua')}"
        )

    def _write_init(self, lua: str) -> None:
        file = self.person / "config" / "nvim" / "init.lua"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(lua, encoding="utf-8")

    def run(self, scenario: str | Path, folder: Path, **variables: str) -> Any:
        """What a scenario (the name of one of ours, or a file) returns that is run in a folder.
        Raises AssertionError if it fails."""
        report = self.person / "report.json"
        run = subprocess.run(
            [self.program, "--headless", "-S", HERE / "run.lua"],
            cwd=folder,
            env={
                **os.environ,
                **environment(self.person),
                "QWLSP_SCENARIO": str(HERE / "scenarios" / scenario),
                "QWLSP_REPORT": str(report),
                **variables,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert report.exists(), f"Neovim ended with {run.returncode}: {run.stdout}"
        found = json.loads(report.read_text(encoding="utf-8"))
        assert "error" not in found, f"{found['error']}\n{run.stdout}"
        return found["result"]
