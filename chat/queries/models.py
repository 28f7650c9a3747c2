"""Which models can be chosen now."""

from __future__ import annotations

import time
from dataclasses import dataclass

from chat.conf import conf
from chat.errors import ProviderError
from chat.providers.demo import is_demo
from chat.providers.registry import provider_for
from chat.providers.types import ModelInfo

KEEP_S = 10.0


@dataclass(frozen=True, slots=True)
class ModelList:
    """What the model server offers. `error` is a sentence for people when it could not be asked."""

    models: tuple[ModelInfo, ...] = ()
    default: str = ""
    error: str = ""
    demo: bool = False


_kept: dict[str, tuple[float, ModelList]] = {}


async def model_list(*, fresh: bool = False) -> ModelList:
    """Return the models that can chat, asked at most every ten seconds."""
    server = conf.ollama_host
    kept = _kept.get(server)
    if kept and not fresh and time.monotonic() - kept[0] < KEEP_S:
        return kept[1]
    found = await _ask(server)
    _kept[server] = (time.monotonic(), found)
    return found


async def _ask(server: str) -> ModelList:
    provider = provider_for(server)
    try:
        models = tuple(model for model in await provider.models() if model.can("completion"))
        version = await provider.version()
    except ProviderError as error:
        return ModelList(error=error.text)
    return ModelList(models, default_of(models), demo=is_demo(version))


def default_of(models: tuple[ModelInfo, ...]) -> str:
    """Return the operator's choice where the server has it, else the first model ("" if there is none)."""
    names = [model.name for model in models]
    wanted = conf.default_model
    for name in (wanted, f"{wanted}:latest"):
        if name in names:
            return name
    return names[0] if names else ""
