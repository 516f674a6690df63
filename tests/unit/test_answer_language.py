from __future__ import annotations

import pytest

from qwlsp.answer_language import Language, answer_language, find, languages

NAMES = {each.code: each for each in languages()}


def test_there_are_29_languages() -> None:
    assert len(languages()) == 29
    assert len({each.name for each in languages()}) == 29
    assert len({each.native for each in languages()}) == 29
    assert len({each.instruction for each in languages()}) == 29


@pytest.mark.parametrize("language", languages(), ids=lambda each: each.code)
def test_language_is_found_by_all_its_names(language: Language) -> None:
    for name in (language.code, language.name, language.native, *language.also):
        assert find(name) == find(name.upper()) == find(f" {name} ") == language
        assert answer_language(name) == language


def test_no_two_languages_share_a_name() -> None:
    names = [
        name
        for each in languages()
        for name in {n.casefold() for n in (each.code, each.name, each.native, *each.also)}
    ]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("code", "script"),
    [
        ("ar", "\u0600-\u06ff"),
        ("zh", "\u4e00-\u9fff"),
        ("ru", "\u0400-\u04ff"),
        ("he", "\u0590-\u05ff"),
        ("th", "\u0e00-\u0e7f"),
        ("lo", "\u0e80-\u0eff"),
        ("km", "\u1780-\u17ff"),
        ("my", "\u1000-\u109f"),
        ("ko", "\uac00-\ud7a3"),
        ("hi", "\u0900-\u097f"),
        ("bn", "\u0980-\u09ff"),
        ("fa", "\u0600-\u06ff"),
        ("ur", "\u0600-\u06ff"),
    ],
)
def test_instructions_are_in_the_language_itself(code: str, script: str) -> None:
    first, last = script.split("-")
    language = NAMES[code]
    for words in (language.native, language.instruction):
        letters = [c for c in words if c.isalpha()]
        assert letters and all(first <= c <= last for c in letters)


def test_instruction_in_english_and_chinese() -> None:
    assert answer_language("English").instruction == "Answer in English."
    assert answer_language("Chinese").instruction == "请用中文回答。"


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ("zh-CN", "zh"),
        ("zh_TW.UTF-8", "zh"),
        ("de", "de"),
        ("de-AT", "de"),
        ("pt_BR.UTF-8", "pt"),
        ("en_US@euro", "en"),
        ("fil-PH", "tl"),
        ("iw", "he"),
        ("PT-BR", "pt"),
        ("C", "en"),
        ("POSIX", "en"),
        ("sv-SE", "en"),
        ("", "en"),
        ("-", "en"),
        (None, "en"),
    ],
)
def test_auto_is_the_language_of_the_locale(locale: str | None, code: str) -> None:
    assert answer_language("auto", locale).code == code


@pytest.mark.parametrize("setting", ["auto", "Auto", "", " "])
def test_nothing_set_is_auto(setting: str) -> None:
    assert answer_language(setting, "fr_FR").code == "fr"


@pytest.mark.parametrize(
    ("setting", "code"),
    [("de", "de"), ("German", "de"), ("deutsch", "de"), ("zh-CN", "zh"), ("bahasa  melayu", "ms")],
)
def test_what_is_set_comes_before_the_locale(setting: str, code: str) -> None:
    assert answer_language(setting, "fr").code == code


@pytest.mark.parametrize("setting", ["Klingon", "xx", "\x00", "\ud800", "de" * 10_000])
def test_unknown_languages_are_english(setting: str) -> None:
    assert find(setting) is None
    assert answer_language(setting, "fr").code == "en"


def test_accents_may_be_written_in_two_ways() -> None:
    assert find("Espan\u0303ol") == find("Espa\u00f1ol") == NAMES["es"]
