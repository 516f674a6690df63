"""Damaged models: refused with a sentence, by a process that lives on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qwlsp.errors import ModelError
from tests.engine.asking import Engine
from tests.models.damaged import DAMAGES

TIMEOUT = 100
"""Seconds; loading all of them takes a few."""
LOAD_ALL = """
import json, sys
from qwlsp.backends.llama import AbortFlag
from qwlsp.engine.loading import load
from qwlsp.engine.messages import EngineConfig
from qwlsp.errors import ModelError
for path in sys.argv[1:]:
    try:
        load(EngineConfig(model_path=path), abort=AbortFlag(), check=lambda: None)
        sentence = ""
    except ModelError as error:
        sentence = str(error)
    print(json.dumps(sentence), flush=True)
"""


@pytest.fixture(scope="module")
def folder(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them."""
    folder = tmp_path_factory.mktemp("damaged")
    content = tiny_model.read_bytes()
    for number, damage in enumerate(DAMAGES.values()):
        (folder / f"{number}.gguf").write_bytes(damage(content))
    return folder


@pytest.fixture(scope="module")
def sentences(folder: Path) -> dict[str, str]:
    """What is said about each when one process loads them all; those after which it died have
    none."""
    paths = [str(folder / f"{number}.gguf") for number in range(len(DAMAGES))]
    done = subprocess.run(
        [sys.executable, "-c", LOAD_ALL, *paths],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        env={**os.environ, "GGML_NO_BACKTRACE": "1"},
    )
    return dict(zip(DAMAGES, map(json.loads, done.stdout.splitlines()), strict=False))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model(sentences: dict[str, str], damage: str) -> None:
    assert damage in sentences, "the process died"
    number = list(DAMAGES).index(damage)
    assert sentences[damage].startswith(f"{number}.gguf can't be loaded")
    assert sentences[damage].endswith(".")
    assert "\n" not in sentences[damage]


@pytest.mark.parametrize("damage", ["cut 10", "block_count 0", "feed_forward_length 3"])
async def test_the_worker_says_what_is_wrong(folder: Path, home: Path, damage: str) -> None:
    number = list(DAMAGES).index(damage)
    with pytest.raises(ModelError) as caught:
        await Engine(folder / f"{number}.gguf", home).start()
    assert "process" not in str(caught.value)
