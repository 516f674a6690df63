"""An answer in the terminal: progress while the prompt is read, Markdown while it is written."""

from __future__ import annotations

import os
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.syntax import Syntax

from qwlsp.answers import Answer, ReadingPrompt, Report, Rewrite, Update, Writing
from qwlsp.bugs.finding import BY_MODEL
from qwlsp.text import Encoding


class Tail:
    """The last lines of a text that fit on the screen: those that are being written."""

    def __init__(self, markdown: str) -> None:
        self._markdown = markdown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render, and keep what fits."""
        lines = console.render_lines(Markdown(self._markdown), options.update(height=None))
        for line in lines[-max(1, console.height - 2) :]:
            yield from line
            yield Segment.line()


class Display:
    """Shows updates as they come. What is only seen on the way is taken away again, so the
    scroll-back holds the whole answer once. Without a terminal, only the answer is printed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, transient=True, refresh_per_second=12)

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            self._live.start()
            self._live.update("Starting the model …")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, update: Update) -> None:
        """Show what is new."""
        if isinstance(update, ReadingPrompt):
            self._live.update(self._reading(update))
        elif isinstance(update, Writing):
            self._live.update(Tail(update.markdown))
        else:
            self._live.stop()
            self._print(update)

    def indexing(self, done: int, total: int) -> None:
        """Show how far the index is."""
        self._live.update(f"Indexing: {done:,} of {total:,} files")

    def _print(self, answer: Answer) -> None:
        if isinstance(answer, Rewrite):
            if self._console.is_terminal and answer.diff:
                self._console.print(Syntax(answer.diff, "diff", background_color="default"))
            else:
                self._console.file.write(answer.diff)
        elif isinstance(answer, Report):
            self._print_report(answer)
        elif self._console.is_terminal:
            self._console.print(Markdown(answer.markdown))
        else:
            self._console.file.write(answer.markdown.rstrip() + "\n")

    def _print_report(self, report: Report) -> None:
        """One finding a line, as linters print them."""
        file = os.path.relpath(report.file)
        for finding in report.findings:
            at = report.text.position(finding.span.start, Encoding.UTF32)
            place = f"{file}:{at.line + 1}:{at.character + 1}"
            sure = f", {finding.confidence:.0%}" if finding.origin == BY_MODEL else ""
            line = f"{place}: {finding.severity} {finding.message} [{finding.origin}{sure}]"
            self._console.file.write(line + "\n")

    def _reading(self, update: ReadingPrompt) -> str:
        text = f"Reading: {update.read:,} of {update.total:,} tokens"
        if update.seconds_left >= 1:
            text += f", about {update.seconds_left:.0f} s left"
        return text
