"""From settings to a model that answers: a file on this machine, or a server."""

from __future__ import annotations

from collections.abc import Callable

from qwlsp.asking import Model, Permit
from qwlsp.engine.client import EngineClient, State
from qwlsp.engine.messages import EngineConfig
from qwlsp.errors import EngineError, ModelError
from qwlsp.home import home, models_folder
from qwlsp.models.find import find_model, wanted_models
from qwlsp.models.stores import candidates, stores
from qwlsp.preparing import Preparer
from qwlsp.remote.engine import RemoteEngine
from qwlsp.remote.server import ServerConfig, server_config
from qwlsp.settings import Settings


async def local_only(server: ServerConfig, _file: str) -> None:
    """The permit of programs that can't ask anybody."""
    if server.needs_consent:
        raise EngineError(f"Nothing was sent to {server.host}: nobody has allowed that.")


def open_model(
    settings: Settings,
    *,
    current: Model | None = None,
    permit: Permit = local_only,
    on_state: Callable[[State], None] = lambda state: None,
) -> Model | None:
    """The model that the settings ask for, `current` if it is still that one; None if there is
    no model on this machine. It is loaded with the first question. Raises ModelError."""
    config = (
        configured_server(settings)
        if settings.backend.kind == "openai"
        else engine_config(settings)
    )
    if config is None:
        return None
    if current is not None and current.config == config:
        model = current
    elif isinstance(config, ServerConfig):
        server = RemoteEngine(config)
        model = Model(server, Preparer(server), config, permit)
    else:
        try:
            engine = EngineClient(config, home=home(), on_state=on_state)
        except OSError as error:
            raise ModelError(f"{home()} can't be used as a folder: {error.strerror}.") from error
        model = Model(engine, Preparer(engine), config)
    model.engine.unload_after = 60.0 * settings.model.unload_after_minutes
    return model


def configured_server(settings: Settings) -> ServerConfig:
    """The server that the settings name. Raises ModelError."""
    backend = settings.backend
    return server_config(
        backend.base_url,
        model=backend.model,
        key_variable=backend.api_key_env,
        context_size=settings.model.context_size,
        timeout=backend.timeout_seconds,
    )


def engine_config(settings: Settings) -> EngineConfig | None:
    """How the settings want a model of this machine to be run; None if there is no model. Raises
    ModelError."""
    chosen = settings.model
    path = find_model(
        wanted_models(chosen.path, chosen.name),
        models_folder(),
        candidates(stores(models_folder(), chosen.folder)),
    )
    if path is None:
        return None
    return EngineConfig(
        model_path=str(path),
        gpu_layers=None if chosen.gpu_layers == "auto" else int(chosen.gpu_layers),
        threads=None if chosen.threads == "auto" else int(chosen.threads),
        context_size=chosen.context_size,
        kv_type=None if chosen.kv_type == "auto" else chosen.kv_type,
        memory_limit=chosen.memory_limit_mib << 20 or None,
        states_folder=str(home() / "states"),
        fits_file=str(home() / "fits.json"),
    )
