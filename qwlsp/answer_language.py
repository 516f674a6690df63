"""The languages that answers can be in, as prompts/languages.toml lists them."""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from qwlsp.settings import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language that people speak: its code in ISO 639, its English and its own name, and the
    sentence in it that asks for answers in it. `also`: other codes and names."""

    code: str
    name: str
    native: str
    instruction: str
    also: tuple[str, ...] = ()


@cache
def languages() -> tuple[Language, ...]:
    """All that the model knows."""
    text = files("qwlsp.prompts").joinpath("languages.toml").read_text(encoding="utf-8")
    return tuple(
        Language(code=code, **{**each, "also": tuple(each.get("also", ()))})
        for code, each in tomllib.loads(text).items()
    )


def answer_language(setting: str, locale: str | None = None) -> Language:
    """The language that a person has set, or for "auto" that of `locale`, which is what an editor
    or the environment says: "zh-CN", "de", "pt_BR.UTF-8". English where it is not known."""
    words = locale or "" if _plain(setting) in (AUTO, "") else setting
    return find(words) or languages()[0]


def spoken_in(settings: Settings, locale: str | None) -> Settings:
    """The settings with the language of `locale` where the person has chosen none."""
    chosen = answer_language(settings.answers.language, locale).name
    return replace(settings, answers=replace(settings.answers, language=chosen))


def find(words: str) -> Language | None:
    """The language that is called this: by a name in English or in itself, a code, or a locale."""
    known = _by_name()
    code = re.split(r"[-_.@]", words, maxsplit=1)[0]
    return known.get(_plain(words)) or known.get(_plain(code))


@cache
def _by_name() -> dict[str, Language]:
    return {
        _plain(name): each
        for each in reversed(languages())
        for name in (each.code, each.name, each.native, *each.also)
    }


def _plain(name: str) -> str:
    """A name without differences that people do not see or do not care about."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
