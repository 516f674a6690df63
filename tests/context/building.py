"""The context of a function, as an action would gather it: the one place here that calls qwlsp."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from qwlsp.answers import Question
from qwlsp.context.gather import gather
from qwlsp.context.prompt import with_company
from qwlsp.documents import Snapshot
from qwlsp.preparing import Asked
from qwlsp.settings import Settings
from qwlsp.syntax.scopes import scopes
from qwlsp.text import Text
from qwlsp.workspace.view import Workspace

BYTES_PER_TOKEN = 4
"""Qwen2's tokenizer makes one token of 4.8 bytes of the functions in cases/, so this counts more
tokens than it does, and the tests need no model."""


class Lines(NamedTuple):
    """Lines of a file that are in the context: 1-based, first and last."""

    path: str
    first: int
    last: int


def context_of(root: Path, file: str, qualified_name: str, budget: int) -> list[Lines]:
    """What a question about one function of a workspace shows the model besides the function.

    `root` is the workspace's folder, `file` is relative to it with forward slashes, and so are the
    paths returned. The function and what is added to it take at most `budget` tokens.
    """
    path = root / file
    snapshot = Snapshot(path.as_uri(), 1, "python", Text.of(path.read_text(encoding="utf-8")))
    (scope,) = (each for each in scopes(snapshot.tree) if each.qualified_name == qualified_name)
    files = Workspace([root], database=None, buffer=lambda path: None)
    question = Question(snapshot=snapshot, span=scope.header, file=str(path))
    company = gather(str(path), scope, snapshot, files)
    asked = Asked(question, scope, company, Settings())
    bare = asked.prompt(asked.focuses()[0])
    prompt = with_company(bare, company, tokens, budget - bare.size(tokens))
    assert prompt.size(tokens) <= max(budget, bare.size(tokens))
    return [
        Lines(Path(used.piece.path).relative_to(root).as_posix(), *used.form.lines)
        for used in prompt.company
        if used.form is not None
    ]


def tokens(text: str) -> int:
    """How many tokens the tests take `text` for."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)
