"""The language of the answers reaches the model, and changes nothing else that it is shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.lsp_client import LspClient
from benchmarks.recorder import recorded
from qwlsp.actions import asked
from qwlsp.answer_language import find, languages, spoken_in
from qwlsp.answers import Question
from qwlsp.bugs import looking
from qwlsp.documents import Snapshot
from qwlsp.engine.messages import Message
from qwlsp.settings import AnswerSettings, Settings
from qwlsp.text import Span, Text

GERMAN, CHINESE = "Antworte auf Deutsch.", "请用中文回答。"
URI = "file:///wetter/straße.py"
CODE = "def größe(straße):\n    return straße.länge + 1  # Länge, nicht Breite\n"

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="the client needs select on pipes")


def question(code: str = CODE, language: str = "python") -> Question:
    snapshot = Snapshot(URI, 1, language, Text.of(code))
    return Question(snapshot=snapshot, span=Span(0, 0), file="/wetter/straße.py")


def system(language: str, code_language: str = "python") -> str:
    return asked.system(question(language=code_language), answer_language=language)


@pytest.mark.parametrize(
    ("setting", "name", "last"),
    [
        ("English", "English", ""),
        ("German", "German", GERMAN),
        ("de-AT", "German", GERMAN),
        ("Chinese", "Chinese", CHINESE),
        ("中文", "Chinese", CHINESE),
        ("Klingon", "English", ""),
        ("auto", "English", ""),
    ],
)
def test_the_system_prompt_names_the_language(setting: str, name: str, last: str) -> None:
    prompt = system(setting)
    assert f"in {name}." in prompt
    assert prompt.endswith(last or "names.")
    assert [each.name for each in languages() if each.name in prompt] == [name]


def test_nothing_else_in_it_changes() -> None:
    german = system("German").removesuffix(f" {GERMAN}")
    assert german.replace("German", "English") == system("English")


def test_it_still_says_what_is_shown() -> None:
    assert "Markdown text" in system("German", "markdown")


@pytest.mark.parametrize("language", languages(), ids=lambda each: each.code)
def test_the_message_of_a_finding_is_asked_for_in_it(language: Any) -> None:
    shot = question().snapshot
    [window] = looking.windows(shot.whole, shot.text, max_tokens=999, count=len)
    instruction = looking.instruction(window, language=language.name)
    assert f"sentence in {language.name} " in instruction
    english = looking.instruction(window, language="English")
    assert instruction == english.replace("in English ", f"in {language.name} ")


@pytest.mark.parametrize(
    ("setting", "locale", "name"),
    [
        ("auto", "de", "German"),
        ("auto", "zh-CN", "Chinese"),
        ("auto", None, "English"),
        ("auto", "tlh", "English"),
        ("French", "de", "French"),
        ("English", "de", "English"),
        ("Klingon", "de", "English"),
    ],
)
def test_the_setting_wins_over_the_locale(setting: str, locale: str | None, name: str) -> None:
    chosen = spoken_in(Settings(answers=AnswerSettings(language=setting)), locale)
    assert chosen.answers.language == name
    assert spoken_in(chosen, "fr") == chosen


# What an editor's model is asked.


def chats(model: Path, file: Path, locale: str | None, setting: str | None) -> list[list[Message]]:
    """Those of an explanation and of a search for bugs, with what the editor says of languages."""
    answers = {} if setting is None else {"answers": {"language": setting}}
    options = {
        "model": {"path": str(model)},
        "generation": {"maxTokens": 4},
        "latency": {"readAhead": "off"},
        "bugs": {"minConfidence": 0},
        **answers,
    }
    about_itself = {} if locale is None else {"locale": locale}
    with LspClient([sys.executable, "-m", "benchmarks.recorder", str(file)]) as client:
        client.request(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "capabilities": {},
                "initializationOptions": options,
                **about_itself,
            },
        )
        client.notify("initialized", {})
        document = {"uri": URI, "languageId": "python", "version": 1, "text": CODE}
        client.notify("textDocument/didOpen", {"textDocument": document})
        for command in ("qwlsp.explain", "qwlsp.findBug"):
            argument = {"uri": URI, "wait": True}
            client.request(
                "workspace/executeCommand", {"command": command, "arguments": [argument]}
            )
    return [chat for request in recorded(file) for chat in request]


def words(message: Message) -> str:
    return "".join(str(part) for part in message.parts)


@posix_only
@pytest.mark.parametrize(
    ("locale", "setting", "name"),
    [
        ("de", None, "German"),
        ("de", "Chinese", "Chinese"),
        ("zh-CN", "auto", "Chinese"),
        (None, None, "English"),
    ],
)
def test_all_chats_are_in_the_language(
    tiny_model: Path, tmp_path: Path, locale: str | None, setting: str | None, name: str
) -> None:
    found = chats(tiny_model, tmp_path / "chats.jsonl", locale, setting)
    assert len(found) >= 3
    chosen = find(name)
    assert chosen is not None
    for first, *_ in found:
        assert first.role == "system"
        assert f"in {name}." in words(first)
        assert (chosen.instruction in words(first)) == (name != "English")
    assert any(f"sentence in {name} " in words(chat[-1]) for chat in found)


@posix_only
def test_code_and_names_are_as_they_are_written(tiny_model: Path, tmp_path: Path) -> None:
    german, english = (
        [
            words(chat[-1])
            for chat in chats(tiny_model, tmp_path / f"{locale}.jsonl", locale, None)
            if "each line with its number" in words(chat[-1])
        ]
        for locale in ("de", "en")
    )
    assert len(german) == 2
    assert [each.replace("in German ", "in English ") for each in german] == english
    for each in german:
        assert "1: def größe(straße):\n" in each
        assert "2:     return straße.länge + 1  # Länge, nicht Breite\n" in each
