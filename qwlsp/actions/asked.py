"""What an action asks the model: the instruction is all that differs between actions."""

from __future__ import annotations

from qwlsp import prompts
from qwlsp.answer_language import answer_language as answer_language_of
from qwlsp.answers import Question
from qwlsp.syntax.languages import language
from qwlsp.syntax.scopes import Scope

TEXTS = {"plaintext": "text", "markdown": "Markdown text"}
"""What is not called code."""
NOUNS = {"block": "passage", "module": "file"}
LONGEST_QUESTION = 4_000
"""Characters; the rest of a longer one is not asked."""


def system(question: Question, *, answer_language: str) -> str:
    """The first turn of a chat. The same for all actions, so that they share what is read.
    `answer_language` is what the person has set; see `answer_language.py`."""
    known = language(question.snapshot.language)
    title = TEXTS.get(known.id) or f"{known.title} code"
    spoken = answer_language_of(answer_language)
    text = prompts.load("system").substitute(title=title, language=spoken.name)
    return text if spoken.code == "en" else f"{text} {spoken.instruction}"


def instruction(question: Question, scope: Scope, *, file: str) -> str:
    """What the model is to do with the code in focus, which is in `file`."""
    name = f"`{scope.name or file}`"
    kind = NOUNS.get(scope.kind, scope.kind)
    if not question.words:
        template = prompts.load(f"explain_{question.detail}")
        return template.substitute(kind=kind, name=name)
    words = question.words.strip()[:LONGEST_QUESTION]
    if question.follows is not None:
        return prompts.load("ask_on").substitute(question=words)
    if question.everywhere:
        return prompts.load("ask_everywhere").substitute(question=words)
    return prompts.load("ask").substitute(kind=kind, name=name, question=words)
