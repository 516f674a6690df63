"""Whatever a server sends, a question ends: with an answer, or with one clear sentence."""

from __future__ import annotations

import asyncio
import ipaddress

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwlsp.engine.messages import Constraint, Done
from qwlsp.errors import EngineError, ModelError
from qwlsp.remote.engine import RemoteEngine
from qwlsp.remote.server import ServerConfig, server_config
from qwlsp.remote.transport import Transport
from tests.remote.asking import all_of, check_sentence
from tests.remote.servers import chunk, delta, event, events, head, raw, serving

anything = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "content", "usage", "error", "logprobs", "finish_reason", "a"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
LINES = st.one_of(
    st.binary(max_size=40),
    JSON.map(event),
    JSON.map(lambda value: event({"choices": [value]})),
    JSON.map(lambda value: event({"choices": [{"delta": value, "logprobs": value}]})),
    JSON.map(lambda value: event({"usage": value, "error": None})),
    st.text(max_size=5).map(lambda text: event(delta(text))),
    st.sampled_from([b"data: [DONE]\n\n", b": \n", b"data:", b"\r\n", b"\xff\n", *events("a")]),
)
FORMS = [
    None,
    Constraint(kind="json_schema", value={"type": "object", "required": ["a"]}),
    Constraint(kind="choices", value=["bug", "no bug"]),
    Constraint(kind="regex", value="[a-z]*"),
]


def ends(replied: bytes, constraint: Constraint | None, *, models: bytes | None = None) -> None:
    """Fail unless a question that is replied to like this ends as it should."""

    async def main() -> None:
        listed = None if models is None else raw(models)
        async with serving(raw(replied), models=listed) as server:
            config = ServerConfig(base_url=server.base_url, timeout=10.0)
            engine = RemoteEngine(config)
            try:
                found = await all_of(engine, constraint=constraint)
                assert isinstance(found[-1], Done)
            except EngineError as error:
                check_sentence(str(error))
            finally:
                await engine.close()

    asyncio.run(main())


@anything
@given(st.lists(LINES, max_size=6), st.sampled_from(FORMS))
def test_any_stream(lines: list[bytes], constraint: Constraint | None) -> None:
    ends(head() + b"".join(lines), constraint)


@anything
@given(st.lists(LINES, max_size=6), st.integers(0, 400))
def test_any_stream_in_chunks_that_is_cut_anywhere(lines: list[bytes], cut: int) -> None:
    coded = b"".join(chunk(line) for line in lines if line)
    ends((head(transfer_encoding="chunked") + coded + chunk(b""))[:cut], None)


@anything
@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 ", head(), head(404)]))
def test_any_bytes(data: bytes, begin: bytes) -> None:
    ends(begin + data, None)


@anything
@given(JSON, st.sampled_from([400, 401, 404, 429, 500]))
def test_any_refusal(data: object, code: int) -> None:
    ends(head(code, "application/json") + event(data)[6:], None)


@anything
@given(JSON)
def test_any_list_of_models(data: object) -> None:
    listed = head(200, "application/json")
    good = head() + b"".join(events("a"))
    ends(good, None, models=listed + event(data)[6:])
    ends(good, None, models=listed + event({"data": [data, {"id": data}]})[6:])


@settings(anything, max_examples=300)
@given(
    st.text()
    | st.text(alphabet="htps:/.@[]127#?%\\ \n\u3002é", min_size=5).map("http://{}".format)
    | st.text(alphabet="ab.-_:0%").map("http://{}/v1".format)
)
def test_any_address(base_url: str) -> None:
    try:
        config = server_config(base_url, model="", key_variable="", context_size=512, timeout=1.0)
    except ModelError as error:
        check_sentence(str(error))
        return
    try:
        Transport(config)
    except EngineError as error:
        check_sentence(str(error))
        return
    assert config.host
    if config.is_local:  # then it is for those who make the connection, too
        host = httpx.URL(config.base_url).host
        assert host == "localhost" or ipaddress.ip_address(host).is_loopback
