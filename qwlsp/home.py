"""Where qwlsp keeps its files: `QWLSP_HOME`, or the platform's usual folders."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """The folder of models, remembered answers and the worker's state."""
    if folder := os.environ.get("QWLSP_HOME"):
        return Path(folder).expanduser().absolute()
    return Path(platformdirs.user_data_dir("qwlsp", appauthor=False))


def models_folder() -> Path:
    """Where pulled models lie, and where a person may put their own."""
    return home() / "models"


def dismissed_file() -> Path:
    """The findings that a person does not want to see again."""
    return home() / "dismissed.json"


def consents_file() -> Path:
    """Which servers may see the code of which workspaces."""
    return home() / "servers.json"


def answers_file() -> Path:
    """The cache of answers."""
    return home() / "answers.sqlite"


def index_folder() -> Path:
    """The indexes of workspaces, a file for each root."""
    return home() / "index"
