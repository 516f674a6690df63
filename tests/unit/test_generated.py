"""What is generated from the settings is up to date."""

from __future__ import annotations

import json

from editors.generate import LUA, PACKAGE, README, RESTRICTED, lua, package, readme
from qwlsp.settings import described


def test_the_readme_lists_the_settings_as_they_are() -> None:
    text = README.read_text(encoding="utf-8")
    assert readme(text) == text, "run `python -m editors.generate`"


def test_the_neovim_plugin_knows_the_settings_as_they_are() -> None:
    assert lua(described()) == LUA.read_text(encoding="utf-8"), "run `python -m editors.generate`"


def test_vs_code_s_extension_contributes_the_settings_as_they_are() -> None:
    manifest = json.loads(PACKAGE.read_text(encoding="utf-8"))
    assert package(manifest, described()) == manifest, "run `python -m editors.generate`"


def test_vs_code_takes_every_default() -> None:
    """No tool checks JSON schemas here, so this looks at what they say."""
    for setting in described():
        schema, default = setting.schema, setting.default
        if "enum" in schema:
            assert default in schema["enum"]
        elif isinstance(default, str):
            assert "string" in schema["type"]
        else:
            assert schema["minimum"] <= default <= schema["maximum"]


def test_a_folder_that_is_not_trusted_can_t_choose_programs_files_and_addresses() -> None:
    manifest = json.loads(PACKAGE.read_text(encoding="utf-8"))
    properties = manifest["contributes"]["configuration"]["properties"]
    restricted = manifest["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
    for name in properties:
        scope = properties[name].get("scope")
        critical = name.removeprefix("qwlsp.").startswith(RESTRICTED)
        assert (scope == "machine-overridable", name in restricted) == (critical, critical), name


def test_every_setting_is_described() -> None:
    settings = described()
    assert len({s.name for s in settings}) == len(settings)
    assert all(s.help.endswith(".") for s in settings)
