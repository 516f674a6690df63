"""Settings as editors send them: good, bad and unknown ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.settings import Settings, camel_case, from_json

endless = settings(derandomize=True, deadline=None)
DEFAULTS = Settings()


def walk(section: Any, name: str = "qwlsp") -> Iterator[tuple[str, Field[Any], Any]]:
    """Full name, field and value of every setting."""
    for f in fields(section):
        value, full_name = getattr(section, f.name), f"{name}.{camel_case(f.name)}"
        if is_dataclass(value):
            yield from walk(value, full_name)
        else:
            yield full_name, f, value


ALL = {name: field for name, field, _ in walk(DEFAULTS)}


def nested(name: str, value: object) -> object:
    """`value` as the setting `name` in the object that an editor sends."""
    for key in reversed(name.split(".")[1:]):
        value = {key: value}
    return value


def values_of(settings: Settings) -> dict[str, Any]:
    return {name: value for name, _, value in walk(settings)}


def test_the_editors_names() -> None:
    assert {"qwlsp.model.gpuLayers", "qwlsp.generation.topP", "qwlsp.answers.detail"} <= set(ALL)
    assert all(name.replace(".", "").isalpha() for name in ALL)


@pytest.mark.parametrize("name", ALL)
def test_a_default_is_a_good_value(name: str) -> None:
    default = values_of(DEFAULTS)[name]
    assert from_json(nested(name, default)) == (DEFAULTS, [])


@pytest.mark.parametrize("name", ALL)
def test_every_setting_has_a_sentence_of_help(name: str) -> None:
    assert ALL[name].metadata["help"].endswith(".")


@pytest.mark.parametrize("data", [None, {}])
def test_nothing_means_the_defaults(data: object) -> None:
    assert from_json(data) == (DEFAULTS, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("qwlsp.model.path", "~/models/x.gguf"),
        ("qwlsp.model.gpuLayers", 0),
        ("qwlsp.model.gpuLayers", "auto"),
        ("qwlsp.model.threads", 512),
        ("qwlsp.model.contextSize", 512),
        ("qwlsp.generation.temperature", 0),
        ("qwlsp.generation.temperature", 1.5),
        ("qwlsp.generation.topP", 1),
        ("qwlsp.generation.maxTokens", 8192),
        ("qwlsp.generation.seed", 2**32 - 1),
        ("qwlsp.answers.detail", "full"),
        ("qwlsp.answers.show", "document"),
        ("qwlsp.answers.language", "日本語"),
    ],
)
def test_a_good_value_is_taken(name: str, value: object) -> None:
    taken, problems = from_json(nested(name, value))
    assert not problems
    assert values_of(taken) == {**values_of(DEFAULTS), name: value}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("qwlsp.model.path", 3, "a path"),
        ("qwlsp.model.name", ["x"], "a name"),
        ("qwlsp.model.gpuLayers", "all", '"auto" or a whole number from 0 to 1000'),
        ("qwlsp.model.gpuLayers", -1, '"auto" or a whole number from 0 to 1000'),
        ("qwlsp.model.threads", 0, '"auto" or a whole number from 1 to 512'),
        ("qwlsp.model.threads", True, '"auto" or a whole number from 1 to 512'),
        ("qwlsp.model.contextSize", 511, "a whole number from 512 to 131072"),
        ("qwlsp.model.contextSize", "4096", "a whole number from 512 to 131072"),
        ("qwlsp.generation.temperature", 2.01, "a number from 0 to 2"),
        ("qwlsp.generation.temperature", float("nan"), "a number from 0 to 2"),
        ("qwlsp.generation.temperature", False, "a number from 0 to 2"),
        ("qwlsp.generation.topP", 0, "a number from 0.01 to 1"),
        ("qwlsp.generation.maxTokens", 0, "a whole number from 1 to 8192"),
        ("qwlsp.generation.maxTokens", 1.5, "a whole number from 1 to 8192"),
        ("qwlsp.generation.seed", 2**32, "a whole number from 0 to 4294967295"),
        ("qwlsp.answers.detail", "long", 'one of "brief", "full"'),
        ("qwlsp.answers.detail", {}, 'one of "brief", "full"'),
        ("qwlsp.answers.show", 0, 'one of "hover", "document"'),
    ],
)
def test_a_bad_value_is_reported_and_its_default_kept(
    name: str, value: object, expected: str
) -> None:
    taken, problems = from_json(nested(name, value))
    assert taken == DEFAULTS
    default = values_of(DEFAULTS)[name]
    assert problems == [f"{name} must be {expected}; {default!r} is used."]


def test_a_bad_value_does_not_spoil_its_neighbours() -> None:
    data = {"generation": {"seed": "x", "maxTokens": 7}, "answers": {"detail": "full"}}
    taken, problems = from_json(data)
    assert (taken.generation.max_tokens, taken.answers.detail) == (7, "full")
    assert len(problems) == 1


@pytest.mark.parametrize("name", [*ALL, "qwlsp.model", "qwlsp.generation"])
def test_null_means_the_default(name: str) -> None:
    assert from_json(nested(name, None)) == (DEFAULTS, [])


@pytest.mark.parametrize("data", [{"colour": 1}, {"model": {"colour": 1}}, {"generation": {"": 0}}])
def test_unknown_names_are_ignored(data: object) -> None:
    assert from_json(data) == (DEFAULTS, [])


def test_names_are_those_of_editors_only() -> None:
    assert from_json({"generation": {"max_tokens": 7}}) == (DEFAULTS, [])


@pytest.mark.parametrize("data", [3, "x", [], [{"model": {}}], True])
def test_settings_that_are_no_object(data: object) -> None:
    assert from_json(data) == (DEFAULTS, ["qwlsp must be an object; its defaults are used."])


def test_a_section_that_is_no_object() -> None:
    problem = "qwlsp.model must be an object; its defaults are used."
    assert from_json({"model": "x.gguf"}) == (DEFAULTS, [problem])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
KEYS = sorted({key for name in ALL for key in name.split(".")[1:]})
SECTION = st.dictionaries(st.sampled_from(KEYS), JSON)


@given(JSON | st.dictionaries(st.sampled_from(KEYS), JSON | SECTION))
@endless
def test_anything_gives_settings_that_are_good(data: object) -> None:
    taken, problems = from_json(data)
    assert all(field.metadata["check"](value) for _, field, value in walk(taken))
    assert all(p.startswith("qwlsp") and p.endswith("used.") for p in problems)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("seed", "seed"), ("top_p", "topP"), ("max_wait_seconds", "maxWaitSeconds")],
)
def test_camel_case(name: str, expected: str) -> None:
    assert camel_case(name) == expected
