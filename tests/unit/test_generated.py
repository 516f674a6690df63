"""What is generated from the settings is up to date."""

from __future__ import annotations

from editors.generate import README, readme
from qwlsp.settings import described


def test_the_readme_lists_the_settings_as_they_are() -> None:
    text = README.read_text(encoding="utf-8")
    assert readme(text) == text, "run `python -m editors.generate`"


def test_every_setting_is_described() -> None:
    settings = described()
    assert len({s.name for s in settings}) == len(settings)
    assert all(s.help.endswith(".") for s in settings)
