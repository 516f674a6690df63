"""Addresses good and bad, keys, and proxies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qwlsp.errors import EngineError, ModelError
from qwlsp.opening import open_model
from qwlsp.remote.engine import RemoteEngine
from qwlsp.remote.server import ServerConfig, server_config
from qwlsp.settings import BackendSettings, Settings
from tests.remote.asking import EngineFor, all_of, check_sentence, sentence, text_of
from tests.remote.servers import answer, serving

KEY = "sk-1234567890"


def config(base_url: str, **more: str) -> ServerConfig:
    names = {"model": "", "key_variable": "", **more}
    return server_config(base_url, context_size=2_048, timeout=1.0, **names)


# Addresses.


@pytest.mark.parametrize(
    ("base_url", "host", "is_local"),
    [
        ("http://127.0.0.1:11434/v1", "127.0.0.1:11434", True),
        ("http://127.0.0.2/v1", "127.0.0.2", True),
        ("http://localhost:8000/v1", "localhost:8000", True),
        ("http://LOCALHOST/v1", "localhost", True),
        ("http://[::1]:8080/v1", "[::1]:8080", True),
        ("http://[::1]/v1", "[::1]", True),
        ("HTTPS://Example.org/V1", "example.org", False),
        ("https://gpu.example.org:8443/v1", "gpu.example.org:8443", False),
        ("http://192.168.0.7:8000/v1", "192.168.0.7:8000", False),
        ("http://0.0.0.0:8000/v1", "0.0.0.0:8000", False),
        ("http://[2001:db8::1]:80/v1", "[2001:db8::1]:80", False),
        ("http://localhost.example.org/v1", "localhost.example.org", False),
        ("http://127.0.0.1.example.org/v1", "127.0.0.1.example.org", False),
        ("http://example.org/127.0.0.1/v1", "example.org", False),
    ],
)
def test_where_an_address_leads(base_url: str, host: str, is_local: bool) -> None:
    server = config(base_url)
    assert (server.host, server.is_local) == (host, is_local)


@pytest.mark.parametrize("around", ["{}", "{}/", "{}///", "  {}  ", "\n{}\n", " {}/ "])
def test_white_space_and_slashes_around_an_address(around: str) -> None:
    base_url = "http://127.0.0.1:1234/v1"
    assert config(around.format(base_url)).base_url == base_url


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        " ",
        "/",
        "127.0.0.1:8000",
        "localhost",
        "localhost:8000/v1",
        "http://",
        "http:///v1",
        "http://:8000/v1",
        "http:/127.0.0.1/v1",
        "ftp://example.org/v1",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http+unix://x/v1",
        "http://127.0.0.1:port/v1",
        "http://127.0.0.1:99999/v1",
        "http://127.0.0.1:-1/v1",
        "http://[::1/v1",
        "http://exa mple.org/v1",
        "http://example.org/v 1",
        "http://127.0.0.1\n.example.org/v1",
        "http://example.org\t/v1",
        "http://example.org/\x00",
        "http://example.org/v1?key=1",
        "http://example.org/v1#models",
        "http://example.org/v1?",
    ],
)
def test_what_is_no_address(base_url: str) -> None:
    with pytest.raises(ModelError) as error:
        config(base_url)
    check_sentence(str(error.value))
    assert "baseUrl" in str(error.value)


@pytest.mark.parametrize("user", ["me:secret", "me", ":secret", "127.0.0.1", "a%40b:c"])
def test_an_address_with_a_password(user: str) -> None:
    with pytest.raises(ModelError) as error:
        config(f"http://{user}@example.org/v1")
    check_sentence(str(error.value))
    assert "apiKeyEnv" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://-._/v1",
        "http://xn--/v1",
        "http://a..b/v1",
        "http://exam\u200bple.org/v1",
        "http://127.0.0.1%2F@example.org",
        "http://\\@example.org\\/v1",
        "http://①②⑦.0.0.1/v1",
        "http://" + "a" * 300 + "/v1",
        "http://example.org/" + "a" * 70_000,
        "http://[v1.x]/v1",
    ],
)
async def test_addresses_that_only_some_parsers_take(
    base_url: str, engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    try:
        server = config(base_url)
    except ModelError as error:
        check_sentence(str(error))
        return
    with pytest.raises(EngineError):
        await all_of(engine_for(server.base_url, timeout=1.0))
    assert not server.is_local


async def test_a_trailing_slash_makes_no_difference(engine_for: EngineFor) -> None:
    async with serving(answer("a")) as server:
        engine = engine_for(config(server.base_url + "//").base_url)
        assert text_of(await all_of(engine)) == "a"
        assert {each.path for each in server.requests} == {"/v1/models", "/v1/chat/completions"}


# From settings to a model.


def settings(server_url: str, **more: Any) -> Settings:
    return Settings(backend=BackendSettings(kind="openai", base_url=server_url, **more))


def test_a_model_from_settings() -> None:
    model = open_model(settings("http://127.0.0.1:1/v1/", model=" big ", api_key_env=" KEY "))
    assert model is not None
    assert isinstance(model.engine, RemoteEngine)
    assert isinstance(model.config, ServerConfig)
    assert (model.config.model, model.config.key_variable) == ("big", "KEY")
    assert model.name == "big at 127.0.0.1:1"


def test_the_same_settings_keep_the_model() -> None:
    one = open_model(settings("http://127.0.0.1:1/v1"))
    assert open_model(settings("http://127.0.0.1:1/v1"), current=one) is one
    assert open_model(settings("http://127.0.0.1:2/v1"), current=one) is not one
    assert open_model(settings("http://127.0.0.1:1/v1", api_key_env="A"), current=one) is not one


def test_settings_with_a_bad_address() -> None:
    with pytest.raises(ModelError):
        open_model(settings("nowhere"))


async def test_programs_that_can_ask_nobody_send_nothing_away() -> None:
    async with serving(answer("a")) as server:
        elsewhere = server.base_url.replace("127.0.0.1", "0.0.0.0")
        model = open_model(settings(elsewhere))
        assert model is not None
        with pytest.raises(EngineError) as error:
            await model.admit("/code/shop.py")
        assert server.connections == 0
    check_sentence(str(error.value))


def test_answers_of_two_servers_are_told_apart() -> None:
    models = [
        open_model(settings(f"http://127.0.0.1:{n}/v1", model=m)) for n in (1, 2) for m in "ab"
    ]
    assert len({model.engine.identity for model in models if model is not None}) == 4


def test_a_model_elsewhere_says_where() -> None:
    model = open_model(settings("https://gpu.example.org/v1"))
    assert model is not None
    assert model.engine.place == "gpu.example.org"


# Keys.


@pytest.mark.parametrize(
    "key", [None, "", "  ", "\n", "a\nb", "a\r\nX-More: b", "a\x00b", "größe", "a\tb"]
)
async def test_a_variable_that_holds_no_key(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    if key is None:
        monkeypatch.delenv("MY_KEY", raising=False)
    elif "\x00" in key:  # no environment can hold that, but one of the tests' can
        monkeypatch.setattr("os.environ", {"MY_KEY": key})
    else:
        monkeypatch.setenv("MY_KEY", key)
    async with serving(answer("a")) as server:
        told = await sentence(engine_for(server, key_variable="MY_KEY"))
        assert server.requests == []
    assert "MY_KEY" in told
    assert not key or not key.strip() or key not in told


@pytest.mark.parametrize("around", ["{}", " {}", "{} ", "{}\n", "{}\r\n"])
async def test_white_space_around_a_key(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch, around: str
) -> None:
    monkeypatch.setenv("MY_KEY", around.format(KEY))
    async with serving(answer("a")) as server:
        assert text_of(await all_of(engine_for(server, key_variable="MY_KEY"))) == "a"
        sent = {each.headers["authorization"] for each in server.requests}
    assert sent == {f"Bearer {KEY}"}


async def test_a_key_that_is_set_later(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    async with serving(answer("a")) as server:
        engine = engine_for(server, key_variable="MY_KEY")
        await sentence(engine)
        monkeypatch.setenv("MY_KEY", KEY)
        assert text_of(await all_of(engine)) == "a"


async def test_the_name_and_the_identity_do_not_hold_the_key(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    async with serving(answer("a")) as server:
        engine = engine_for(server, key_variable="MY_KEY")
        await all_of(engine)
    assert KEY not in f"{engine.name} {engine.identity} {engine.place} {engine.warnings}"


# What the environment says.


async def test_no_proxy_sees_what_stays_on_this_machine(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(answer("stolen")) as proxy, serving(answer("a")) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy.port}")
        assert text_of(await all_of(engine_for(server))) == "a"
        assert proxy.connections == 0


async def test_passwords_in_netrc_are_not_sent(
    engine_for: EngineFor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with serving(answer("a")) as server:
        await all_of(engine_for(server))
        assert all("authorization" not in each.headers for each in server.requests)
