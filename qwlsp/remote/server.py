"""Which server answers, and what may be said of it without asking it. Light to import."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from qwlsp.errors import ModelError

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """Where an OpenAI-compatible server is. `base_url` mostly ends with /v1; `model` may be empty:
    the first one that it offers. `key_variable` names the environment variable that holds the key;
    empty: it wants none."""

    base_url: str
    model: str = ""
    key_variable: str = ""
    context_size: int = 32768
    """Tokens, where the server does not say what its model has."""
    timeout: float = 60.0
    """Seconds of silence after which an answer has failed."""

    @property
    def host(self) -> str:
        """The host, and the port if it is given."""
        address = urlsplit(self.base_url)
        name = address.hostname or ""
        host = f"[{name}]" if ":" in name else name
        return f"{host}:{address.port}" if address.port else host

    @property
    def needs_consent(self) -> bool:
        """Whether a person has to say yes: to code that leaves this machine, or to a key that is
        sent."""
        return not self.is_local or bool(self.key_variable)

    @property
    def is_local(self) -> bool:
        """Whether what is sent stays on this machine."""
        host = urlsplit(self.base_url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def server_config(
    base_url: str, *, model: str, key_variable: str, context_size: int, timeout: float
) -> ServerConfig:
    """The server that settings name. Raises ModelError where `base_url` is none."""
    url = base_url.strip().rstrip("/")
    try:
        address = urlsplit(url)
        _ = address.port  # refuses what is no number
        wrong = address.scheme not in ("http", "https") or not address.hostname
        # What goes after it would become a part of a query; parsers differ about white space.
        wrong = wrong or not url.isprintable() or any(each in " ?#" for each in url)
    except ValueError:
        wrong = True
    if wrong:
        raise ModelError(
            "qwlsp.backend.baseUrl must be the address of an OpenAI-compatible server,"
            " e.g. http://127.0.0.1:11434/v1."
        )
    if key_variable.strip() and not VARIABLE.fullmatch(key_variable.strip()):
        raise ModelError("qwlsp.backend.apiKeyEnv must be the name of an environment variable.")
    if address.username or address.password:
        raise ModelError(
            "qwlsp.backend.baseUrl must not hold a password:"
            " name the variable of a key in qwlsp.backend.apiKeyEnv."
        )
    return ServerConfig(
        base_url=url,
        model=model.strip(),
        key_variable=key_variable.strip(),
        context_size=context_size,
        timeout=timeout,
    )
