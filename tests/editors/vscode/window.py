"""VS Code as a person sees it: code-server, a window of it in Chromium, and what is done there."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote

TIMEOUT = 60.0
"""Seconds after which a test gives up; most of what it waits for takes one or two."""
QUIET = {
    "chat.disableAIFeatures": True,
    "editor.minimap.enabled": False,
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "security.workspace.trust.startupPrompt": "never",
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "workbench.welcomePage.walkthroughs.openOnInstall": False,
    "workbench.tips.enabled": False,
}
ANSWER = ("iframe.webview.ready", "#active-frame")
"""The frames around the answer's page."""


class Tools:
    """What `setup_vscode.sh` has put into a folder."""

    def __init__(self, folder: Path) -> None:
        self.node = folder / "node" / "bin" / "node"
        self.code_server = folder / "code-server/node_modules/code-server/out/node/entry.js"
        self.playwright = folder / "playwright" / "node_modules"
        self.chromium = shutil.which("chromium")

    @property
    def complete(self) -> bool:
        """Whether all of it is there."""
        return self.chromium is not None and all(
            path.exists() for path in (self.node, self.code_server, self.playwright)
        )


class CodeServer:
    """One code-server with the extension installed, serving on the loopback interface.

    `bin` is a folder on its PATH, where programs can be put.
    """

    def __init__(self, tools: Tools, folder: Path, extension: Path, *, trust: bool) -> None:
        self._command = [
            str(tools.node),
            str(tools.code_server),
            f"--user-data-dir={folder / 'user'}",
            f"--extensions-dir={folder / 'extensions'}",
        ]
        self.bin = folder / "home" / ".local" / "bin"
        self.bin.mkdir(parents=True)
        self._user = folder / "user"
        self.reset()
        self.address = ""
        path = f"{self.bin}:/usr/bin:/bin"
        self._environment = {**os.environ, "HOME": str(folder / "home"), "PATH": path}
        self._trust = [] if trust else ["--disable-workspace-trust"]
        self._log = folder / "code-server.log"
        self._run("--install-extension", str(extension))

    def reset(self) -> None:
        """Forget the settings that were chosen, and the programs."""
        for program in self.bin.iterdir():
            program.unlink()
        for name, settings in {"User": QUIET, "Machine": {}}.items():
            file = self._user / name / "settings.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(settings))

    def _run(self, *arguments: str) -> None:
        subprocess.run(
            [*self._command, *arguments],
            env=self._environment,
            check=True,
            capture_output=True,
            timeout=TIMEOUT,
        )

    @contextmanager
    def serving(self) -> Iterator[CodeServer]:
        """Serve at `address` until this ends."""
        port = _free_port()
        arguments = [
            "--auth=none",
            f"--bind-addr=127.0.0.1:{port}",
            "--disable-telemetry",
            "--disable-update-check",
            "--disable-getting-started-override",
            "--reconnection-grace-time=5",
            *self._trust,
        ]
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                [*self._command, *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.address = f"http://127.0.0.1:{port}"
        try:
            until(lambda: _answers(f"{self.address}/healthz"), f"code-server: {self._log}")
            yield self
        finally:
            process.terminate()
            process.wait(TIMEOUT)


class Window:
    """One window of VS Code in a browser of its own."""

    def __init__(self, tools: Tools, *, cache: Path, screenshots: Path) -> None:
        assert tools.chromium is not None
        self._screenshots = screenshots
        self._process = subprocess.Popen(
            [tools.node, Path(__file__).with_name("browser.mjs"), tools.chromium, cache],
            env={**os.environ, "NODE_PATH": str(tools.playwright)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """Close the browser."""
        self._process.communicate(timeout=TIMEOUT)

    def call(
        self, method: str, *arguments: Any, on: str | None = None, frames: Sequence[str] = ()
    ) -> Any:
        """What playwright's method gives, of the page or of the first element that matches `on`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        request = {"frames": frames, "call": method, "with": arguments}
        if on is not None:
            request["on"] = on
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline() or '{"error": "The browser died."}')
        assert "error" not in reply, f"{method} {on or ''}: {reply['error']}"
        return reply.get("value")

    # What a person does.

    def open(self, server: CodeServer, folder: Path, file: Path) -> None:
        """Open a folder and a file of it."""
        host = server.address.removeprefix("http://")
        payload = json.dumps([["openFile", f"vscode-remote://{host}{file}"]])
        query = f"?folder={quote(str(folder))}&payload={quote(payload)}"
        self.call("goto", f"{server.address}/{query}")
        self.see(".view-line")
        self.see('[id="qwlsp.qwlsp.qwlsp"]')

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.call("keyboard.press", key)

    def type(self, text: str, *, delay: int = 0) -> None:
        """Type a text, with `delay` milliseconds between the keys."""
        self.call("keyboard.type", text, {"delay": delay})

    def choose(self, text: str) -> None:
        """Choose from the open list what a text matches."""
        self.enter(text, see=f'.quick-input-list .monaco-list-row.focused:has-text("{text}")')

    def command(self, name: str) -> None:
        """Run a command from the palette."""
        self.press("F1")
        self.choose(name)

    def enter(
        self, text: str, *, prompt: str = "", see: str = ".quick-input-widget:visible"
    ) -> None:
        """Type into the input with this prompt and confirm it as soon as `see` is there."""
        self.see(f'.quick-input-widget:visible:has-text("{prompt}") input')
        self.type(text)
        self.see(see)
        self.press("Enter")

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the cursor somewhere, as line and column are shown, from 1."""
        self.press("Control+G")
        self.enter(f"{line}:{column}")
        self.gone(".quick-input-widget")  # until then it takes the keys
        self.see(f'.statusbar-item:has-text("Ln {line}, Col {column}")')
        self.gone(".quick-input-widget")

    def show(self, name: str) -> None:
        """Bring another file of the folder to the front."""
        self.press("Control+p")
        self.choose(name)
        self.see(f'.tab.active:has-text("{name}")')

    def click(self, selector: str, frames: Sequence[str] = ()) -> None:
        """Click on the first element that matches."""
        self.call("click", on=selector, frames=frames)

    def act(self, title: str) -> None:
        """Choose a code action from the lightbulb's list."""
        self.press("Control+.")
        self.click(f'.action-widget .action:has-text("{title}")')

    # What a person sees.

    def see(self, selector: str, frames: Sequence[str] = ()) -> None:
        """Wait until something is there."""
        self.call("waitFor", on=selector, frames=frames)

    def gone(self, selector: str) -> None:
        """Wait until something is not there any more."""
        self.call("waitFor", {"state": "hidden"}, on=selector)

    def text(self, selector: str, frames: Sequence[str] = ()) -> str:
        """What stands somewhere."""
        text = self.call("innerText", on=selector, frames=frames)
        return str(text).replace("\xa0", " ")

    def code(self) -> str:
        """The lines of the editor that are on the screen, in order."""
        script = (
            "[...document.querySelectorAll('.editor-instance .view-line')]"
            ".sort((a, b) => parseInt(a.style.top) - parseInt(b.style.top))"
            ".map((line) => line.textContent).join('\\n')"
        )
        return str(self.call("evaluate", script)).replace("\xa0", " ")

    def answer(self) -> str:
        """What stands in the answer's view."""
        return self.text("#answer", ANSWER)

    def status(self) -> str:
        """What the item in the status bar says."""
        return self.text('[id="qwlsp.qwlsp.qwlsp"]').strip()

    def tooltip(self) -> str:
        """What the item in the status bar says to who points at it."""
        label = self.call("getAttribute", "aria-label", on='[id="qwlsp.qwlsp.qwlsp"] a')
        return str(label)

    def actions(self) -> list[str]:
        """The titles in the lightbulb's list, which is closed again."""
        self.see('.lightBulbWidget:visible, [class*="gutter-lightbulb"]:visible')
        self.press("Control+.")  # before, what the lightbulb finds would close the list
        self.see(".action-widget .action")
        titles = self.text(".action-widget .actionList").splitlines()
        self.press("Escape")
        self.gone(".action-widget")
        return [title.strip() for title in titles if title.strip()]

    def screenshot(self, name: str) -> Path:
        """A picture of the window, to be looked at."""
        path = self._screenshots / f"{name}.png"
        self.call("screenshot", {"path": str(path)})
        return path

    def hover(self, word: str) -> str:
        """What the hover of a word in the code says."""
        self.call("hover", on=f'.view-line span:text-is("{word}")')
        self.see(".monaco-hover:visible .hover-contents")
        return self.text(".monaco-hover:visible")


def until(holds: Callable[[], bool], what: str) -> None:
    """Look again and again until something holds."""
    end = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False
