"""What editors and scripts rely on in the JSON object that every explanation ends with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

KEYS = {
    "action", "file", "symbol", "range", "source", "cached", "truncated", "model", "usage",
    "context", "left_out", "markdown",
}  # fmt: skip
USAGE = {
    "prompt_tokens": int,
    "reused_tokens": int,
    "output_tokens": int,
    "first_token_seconds": float,
    "seconds": float,
}


def focus_of(data: dict[str, Any]) -> dict[str, Any]:
    """The piece of the context that the answer is about."""
    piece: dict[str, Any] = data["context"][0]
    assert piece["path"] == data["file"]
    return piece


def check_explanation(data: dict[str, Any], *, action: str = "explain") -> None:
    """Fail where `data` is not what an explanation, or another answer in words, promises to be."""
    assert set(data) == KEYS
    assert data["action"] == action
    assert data["source"] in ("model", "rules", "structure")
    assert (data["model"] is None) == (data["source"] != "model")
    for name in ("file", "symbol", "markdown"):
        assert isinstance(data[name], str)
    assert data["markdown"].strip()
    for name in ("cached", "truncated"):
        assert isinstance(data[name], bool)
    _check_range(data["range"])
    assert set(data["usage"]) == set(USAGE)
    for name, kind in USAGE.items():
        assert isinstance(data["usage"][name], (kind, int))
        assert data["usage"][name] >= 0
    for piece in [*data["context"], *data["left_out"]]:
        _check_piece(piece, data["file"])


def _check_range(range_: dict[str, Any]) -> None:
    assert set(range_) == {"start", "end"}
    ends = [(range_[end]["line"], range_[end]["character"]) for end in ("start", "end")]
    assert all(isinstance(number, int) and number >= 0 for end in ends for number in end)
    assert ends == sorted(ends)


def _check_piece(piece: dict[str, Any], file: str) -> None:
    assert set(piece) == {"path", "lines", "role", "tokens"}
    assert piece["path"] == file or Path(piece["path"]).is_absolute()
    first, last = piece["lines"]
    assert 1 <= first <= last
    assert piece["role"]
    assert piece["tokens"] > 0
