"""Errors a person may see: the message of each is one clear sentence for them.

The tree is shallow on purpose. Whoever raises one writes the sentence; whoever catches
`QwlspError` at an edge (editor, terminal) shows it as it is.
"""

from __future__ import annotations


class QwlspError(Exception):
    """Something went wrong that a person can read about and act on."""


class BadRequest(QwlspError):
    """The request names something that does not exist: a line, a version, a document."""


class StaleVersion(BadRequest):
    """The request is about a version of a document that is no longer there."""


class ModelError(QwlspError):
    """The model can't be used: missing, damaged, or of an unknown kind."""


class EngineError(QwlspError):
    """The engine could not finish an answer: it crashed, or refused the request."""


class PromptTooLong(EngineError):
    """The prompt does not fit the context: `tokens` were asked for, `limit` fit."""

    def __init__(self, tokens: int, limit: int) -> None:
        super().__init__(f"The prompt needs {tokens} tokens, but the context holds only {limit}.")
        self.tokens = tokens
        self.limit = limit


class DownloadError(QwlspError):
    """A model could not be fetched."""
