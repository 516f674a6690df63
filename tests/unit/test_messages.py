"""Messages between server and worker, and their frames."""

from __future__ import annotations

import json
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.engine import messages
from qwlsp.engine.messages import (
    LENGTH,
    MAX_FRAME,
    Cancel,
    Constraint,
    Generate,
    Message,
    ReadAhead,
    Reply,
    Request,
    decode,
    encode,
    frame_length,
)

endless = settings(derandomize=True, deadline=None)
ALL_TYPES = [*typing.get_args(Request), *typing.get_args(Reply)]
# Buffers may hold anything, lone surrogates too.
st.register_type_strategy(str, st.text(st.characters()))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
st.register_type_strategy(
    Constraint,
    st.builds(Constraint, value=st.text() | st.lists(st.text()) | st.dictionaries(st.text(), JSON)),
)
MESSAGES = st.one_of(*(st.from_type(cls) for cls in ALL_TYPES))


def unframed(frames: bytes) -> list[Request | Reply]:
    """The messages of a stream of whole frames."""
    found = []
    while frames:
        end = LENGTH.size + frame_length(frames[: LENGTH.size])
        found.append(decode(frames[LENGTH.size : end]))
        frames = frames[end:]
    return found


def payload(**data: object) -> bytes:
    return json.dumps(data).encode()


@given(st.lists(MESSAGES, max_size=4))
@endless
def test_messages_survive_the_stream(sent: list[Request | Reply]) -> None:
    assert unframed(b"".join(map(encode, sent))) == sent


def test_every_type_of_message_is_tried() -> None:
    assert {cls.__name__ for cls in ALL_TYPES} == set(messages._TYPES)


def test_nested_messages_become_objects_again() -> None:
    chat = [Message(role="user", parts=["a", "b"])]
    answer, ahead = unframed(
        encode(Generate(id=1, messages=chat)) + encode(ReadAhead(id=2, chats=[chat, []]))
    )
    assert isinstance(answer, Generate)
    assert isinstance(ahead, ReadAhead)
    assert answer.messages == chat
    assert ahead.chats == [chat, []]


def test_a_frame_is_its_length_and_json() -> None:
    frame = encode(Cancel(id=7))
    assert frame[:4] == (len(frame) - 4).to_bytes(4, "big")
    assert json.loads(frame[4:]) == {"type": "Cancel", "id": 7}


def test_defaults_may_be_left_out() -> None:
    assert decode(payload(type="Generate", id=1, messages=[])) == Generate(id=1, messages=[])


def test_fields_of_a_newer_version_are_ignored() -> None:
    assert decode(payload(type="Cancel", id=1, why="tired")) == Cancel(id=1)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"Cancel"',
        b"\xff",
        b"[" * 100_000,
        payload(id=1),
        payload(type="Cancel"),
        payload(type="Unheard", id=1),
        payload(type=["Cancel"], id=1),
        payload(type="Start", config=3),
        payload(type="Start", config={"model_path": "x", "colour": "red"}),
        payload(type="Generate", id=1, messages=[{"role": "user"}]),
    ],
    ids=lambda nonsense: str(nonsense[:30]),
)
def test_what_is_no_message_is_refused(nonsense: bytes) -> None:
    with pytest.raises(ValueError):
        decode(nonsense)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
@endless
def test_any_other_bytes_are_refused_in_the_same_way(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode(data)


def test_a_frame_of_absurd_length_is_refused() -> None:
    assert frame_length(LENGTH.pack(MAX_FRAME)) == MAX_FRAME
    with pytest.raises(ValueError, match="out of step"):
        frame_length(LENGTH.pack(MAX_FRAME + 1))
