"""Stores of other programs: every model once, under the name that people know, whatever else
lies about."""

from __future__ import annotations

import json
import os
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwlsp.models import stores as stores_module
from qwlsp.models.stores import Candidate, Skipped, Store, candidates, look_through, stores
from tests.models.laid_out import MODEL, hugging_face, lm_studio, ollama, put

_number = count()


def content() -> bytes:
    """Another file each time."""
    return b"GGUF%d" % next(_number)


@pytest.fixture
def person(tmp_path: Path) -> Path:
    """The folder of a person who has qwlsp's own models in `own`."""
    folder = tmp_path / "person"
    folder.mkdir()
    return folder


def all_stores(person: Path, folder: str = "", **environment: str) -> list[Store]:
    return stores(person / "own", folder, environment=environment, home=person, system=[])


def names(person: Path, folder: str = "", **environment: str) -> dict[str, str]:
    """Origins of what is found, by names."""
    found = candidates(all_stores(person, folder, **environment))
    return {each.name: each.origin for each in found}


def reasons(person: Path) -> list[str]:
    found = look_through(all_stores(person))
    return [each.reason for each in found if isinstance(each, Skipped)]


def test_nothing_at_all(person: Path) -> None:
    assert list(look_through(all_stores(person, "no such folder"))) == []


def test_one_of_each(person: Path, tmp_path: Path) -> None:
    put(person / "own" / "mine.gguf", content())
    ollama(person / ".ollama/models", "registry.ollama.ai/library/qwen2.5:0.5b", content())
    lm_studio(person, "qwen/Qwen2.5-GGUF/q.gguf", content())
    hugging_face(person / ".cache/huggingface/hub", "Qwen/Qwen2.5-GGUF", "q.gguf", content())
    put(tmp_path / "disk" / "deep" / "x.gguf", content())
    assert names(person, str(tmp_path / "disk")) == {
        "mine": "qwlsp",
        "qwen2.5:0.5b": "ollama",
        "qwen/Qwen2.5-GGUF/q.gguf": "lmstudio",
        "Qwen/Qwen2.5-GGUF:q.gguf": "huggingface",
        "deep/x.gguf": "folder",
    }


def test_where_they_are(person: Path, tmp_path: Path) -> None:
    ollama(tmp_path / "o", "registry.ollama.ai/library/a:latest", content())
    hugging_face(tmp_path / "h", "A/B", "b.gguf", content())
    hugging_face(tmp_path / "home" / "hub", "A/C", "c.gguf", content())
    hugging_face(tmp_path / "cache" / "huggingface" / "hub", "A/D", "d.gguf", content())
    assert names(person, OLLAMA_MODELS=str(tmp_path / "o"), HF_HUB_CACHE=str(tmp_path / "h")) == {
        "a:latest": "ollama",
        "A/B:b.gguf": "huggingface",
    }
    assert names(person, HF_HOME=str(tmp_path / "home")) == {"A/C:c.gguf": "huggingface"}
    assert names(person, XDG_CACHE_HOME=str(tmp_path / "cache")) == {"A/D:d.gguf": "huggingface"}


def test_the_person_may_be_nobody(person: Path) -> None:
    assert names(person, "~nobody-of-that-name/x", OLLAMA_MODELS="~nobody-of-that-name") == {}
    assert names(person, "a\0b") == {}


@pytest.mark.parametrize(
    ("manifest", "name"),
    [
        ("registry.ollama.ai/library/qwen2.5-coder:1.5b", "qwen2.5-coder:1.5b"),
        ("registry.ollama.ai/somebody/qwen:latest", "somebody/qwen:latest"),
        ("hf.co/Qwen/Qwen2.5-GGUF:Q8_0", "hf.co/Qwen/Qwen2.5-GGUF:Q8_0"),
        ("localhost:5000/library/x:1", "localhost/5000/library/x:1"),
    ],
)
def test_ollamas_names(person: Path, manifest: str, name: str) -> None:
    blob = ollama(person / ".ollama/models", manifest, content())
    [found] = candidates(all_stores(person))
    assert found == Candidate(name, blob, "ollama")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "has a form that is not known"),
        (b"[]", "has a form that is not known"),
        (b"{}", "has a form that is not known"),
        (b'{"layers": 7}', "has a form that is not known"),
        (b'{"layers": {"mediaType": 1}}', "has a form that is not known"),
        (b"\xff\xfe", "has a form that is not known"),
        (b"[" * 100_000, "has a form that is not known"),
        (b'{"layers": []}', "names no GGUF file"),
        (b" " * (stores_module.MAX_MANIFEST + 1), "is too long"),
        (b'{"layers": [{"mediaType": "application/x", "digest": 1}]}', "names no GGUF file"),
        (
            b'{"layers": [{"mediaType": "%s", "digest": "sha256:../../x"}]}' % MODEL.encode(),
            "has a digest that is none",
        ),
    ],
    ids=range(11),
)
def test_manifests_of_another_form(person: Path, text: bytes, reason: str) -> None:
    put(person / ".ollama/models/manifests/registry.ollama.ai/library/x/1", text)
    assert reasons(person) == [f"x:1 can't be used: its manifest {reason}."]


def test_a_model_with_an_adapter_or_in_pieces(person: Path) -> None:
    folder = person / ".ollama/models"
    adapter = {"mediaType": "application/vnd.ollama.image.adapter", "digest": "sha256:1"}
    ollama(folder, "registry.ollama.ai/library/a:1", content(), others=[adapter])
    more = {"mediaType": MODEL, "digest": f"sha256:{'2' * 64}"}
    ollama(folder, "registry.ollama.ai/library/b:1", content(), others=[more])
    assert reasons(person) == [
        "a:1 can't be used: it needs an adapter besides.",
        "b:1 can't be used: its weights are in several files.",
    ]


def test_a_blob_that_is_missing(person: Path) -> None:
    blob = ollama(
        person / ".ollama/models", "registry.ollama.ai/library/a:1", content(), blob=False
    )
    assert reasons(person) == [f"a:1 can't be used: its file {blob} is missing."]


def test_one_file_once(person: Path) -> None:
    same = content()
    ollama(person / ".ollama/models", "registry.ollama.ai/library/a:1", same)
    blob = ollama(person / ".ollama/models", "registry.ollama.ai/library/a:latest", same)
    (person / "own").mkdir()
    (person / "own" / "linked.gguf").symlink_to(blob)
    os.link(blob, person / "own" / "other.gguf")
    assert names(person) == {"linked": "qwlsp"}


def test_the_main_revision_comes_first(person: Path) -> None:
    hub = person / ".cache/huggingface/hub"
    old = hugging_face(hub, "A/B", "x.gguf", content(), revision="0" * 40)
    new = hugging_face(hub, "A/B", "x.gguf", content())
    hugging_face(hub, "A/B", "same.gguf", new.read_bytes(), revision="b" * 40)
    found = list(candidates(all_stores(person)))
    assert [each.path for each in found] == [new, old]


def test_what_is_no_model(person: Path) -> None:
    for name in (
        "mmproj-model-f16.gguf",
        "model.mmproj.gguf",
        "big-00002-of-00003.gguf",
        "big-00003-of-00003.gguf",
        "notes.txt",
        "gguf",
    ):
        lm_studio(person, f"a/b/{name}", content())
    lm_studio(person, "a/b/big-00001-of-00003.gguf", content())
    lm_studio(person, "a/b/UPPER.GGUF", content())
    (person / ".lmstudio/models/a/b/folder.gguf").mkdir()
    assert list(names(person)) == ["a/b/UPPER.GGUF", "a/b/big-00001-of-00003.gguf"]


def test_links_in_circles(person: Path) -> None:
    folder = lm_studio(person, "a/b/x.gguf", content()).parent
    (folder / "again").symlink_to(person / ".lmstudio/models")
    (folder / "self").symlink_to(folder / "self")
    (folder / "gone.gguf").symlink_to(folder / "nothing")
    (folder / "self.gguf").symlink_to(folder / "self.gguf")
    assert list(names(person)) == ["a/b/x.gguf"]
    assert len(reasons(person)) == 2


def test_a_folder_that_links_elsewhere_is_followed(person: Path, tmp_path: Path) -> None:
    put(tmp_path / "disk" / "b" / "x.gguf", content())
    (person / ".lmstudio").mkdir()
    (person / ".lmstudio/models").symlink_to(tmp_path / "disk")
    assert list(names(person)) == ["b/x.gguf"]


def test_folders_too_deep_and_too_full(person: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(person / "disk" / Path(*"abcdefgh") / "x.gguf", content())
    assert names(person, str(person / "disk")) == {}
    for number in range(20):
        put(person / "disk" / f"{number:02}.gguf", content())
    monkeypatch.setattr(stores_module, "MAX_ENTRIES", 10)
    assert len(names(person, str(person / "disk"))) == 10


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_can_not_be_read(person: Path) -> None:
    folder = lm_studio(person, "a/b/x.gguf", content()).parent
    lm_studio(person, "c/d/y.gguf", content())
    folder.chmod(0)
    try:
        assert list(names(person)) == ["c/d/y.gguf"]
    finally:
        folder.chmod(0o700)


def test_nothing_is_looked_at_before_it_is_asked_for(person: Path) -> None:
    put(person / "own" / "mine.gguf", content())
    found = look_through(all_stores(person))
    assert isinstance(next(found), Candidate)
    lm_studio(person, "a/b/late.gguf", content())
    assert [each.path.name for each in found] == ["late.gguf"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(MODEL),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["layers", "mediaType", "digest", "x"]), inner)
    ),
    max_leaves=12,
)


@given(manifest=JSON)
@settings(
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_manifest(person: Path, manifest: Any) -> None:
    path = person / ".ollama/models/manifests/registry.ollama.ai/library/x/1"
    put(path, json.dumps(manifest).encode())
    [found] = look_through(all_stores(person))
    assert isinstance(found, Skipped)
