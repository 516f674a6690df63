"""How fast output is written that mostly repeats its input: code, rewritten.

Random weights copy nothing by themselves. So recorded answers are played back: each token that is
drawn is replaced by the recorded one, and everything else is the engine's own work: the drafts,
and the decoding of every step that checks them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.tokens import Tokenizer
from qwlsp.backends.llama import AbortFlag, Context, Sampler
from qwlsp.engine.drafting import Drafter
from qwlsp.engine.fitting import Fit
from qwlsp.engine.loading import fitted
from qwlsp.engine.memory import WorkingMemory
from qwlsp.engine.messages import Message
from qwlsp.engine.writing import Writer

PAIRS = Path(__file__).parent / "pairs"
CONTEXT_TOKENS = 4_096
SYSTEM = (
    "You change Python code as you are told, and nothing else. Answer with the whole code, in one"
    " code block, without a word before or after it. Keep names, comments, blank lines and the"
    " order of statements where nothing was said about them."
)
INSTRUCTION = (
    "Change this code so that it no longer blocks while it waits, or so that it no longer has the"
    " bug that was found in it, whichever applies. Keep its behaviour in all other respects, its"
    " docstring, and the types and names of its parameters. Write all of it, from the first line"
    " to the last, also what stays as it is."
)


@dataclass(frozen=True)
class Pair:
    """Code, and what it was rewritten to."""

    before: str
    after: str


@dataclass(frozen=True)
class Copied:
    """How writing went: numbers of tokens, and seconds."""

    tokens: int
    drafted: int
    accepted: int
    seconds: float


class _Playback(Sampler):
    """Draws as usual, and then takes the recorded token."""

    def __init__(self, tokens: Iterable[int]) -> None:
        super().__init__(temperature=0, top_p=1, seed=0)
        self._tokens = iter(tokens)

    def draw(self, context: Context, index: int = -1) -> int:
        super().draw(context, index)
        return next(self._tokens)


def pairs() -> list[Pair]:
    """The recorded pairs."""
    return [
        Pair(before.read_text(), Path(str(before).replace(".before.", ".after.")).read_text())
        for before in sorted(PAIRS.glob("*.before.txt"))
    ]


def copy(tokenizer: Tokenizer, pair: Pair, *, threads: int) -> Copied:
    """Write the new code behind a prompt with the old one. Raises RuntimeError if the engine
    writes anything else."""
    model = tokenizer.model
    prompt = tokenizer.prompt(
        [
            Message(role="system", parts=[SYSTEM]),
            Message(role="user", parts=[f"```python\n{pair.before}```\n\n", INSTRUCTION]),
        ]
    )
    recorded = f"```python\n{pair.after}```"
    answer = tokenizer.tokens(recorded)
    size = fitted(Fit(threads=threads), CONTEXT_TOKENS, "f16")
    with closing(Context(model, size, AbortFlag())) as context:
        memory = WorkingMemory(lambda _tokens: context, check=lambda: None, archive=None)
        sequence = memory.open(np.array(prompt, np.int32), room=len(prompt) + len(answer))
        sequence.extend(prompt)
        writer = Writer(
            sequence,
            sampler=_Playback(answer),
            piece=model.piece,
            end_tokens=model.end_tokens,
            max_tokens=len(answer),
            drafter=Drafter(),
        )
        began = time.perf_counter()
        text = "".join(writer.write())
        seconds = time.perf_counter() - began
    if text != recorded:
        raise RuntimeError("what was written is not what was recorded")
    return Copied(writer.tokens, writer.drafted, writer.accepted, seconds)
