"""What a server has and holds in memory, out of `/api/tags`, `/api/show` and `/api/ps`.

Pure reading of JSON that may lack almost everything: old servers tell neither capabilities nor window, and an
absent list of capabilities means unknown, not none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chat.providers.types import LoadedModel, ModelInfo


def model_infos(said: Mapping[str, Any]) -> list[ModelInfo]:
    """Read `/api/tags`; the server's order, newest first, is kept."""
    return [_from_tag(item) for item in _objects(said.get("models")) if _str(item.get("name") or item.get("model"))]


def with_details(info: ModelInfo, said: Mapping[str, Any]) -> ModelInfo:
    """Fill in what only `/api/show` tells."""
    details = _object(said.get("details"))
    facts = _object(said.get("model_info"))
    architecture = _str(facts.get("general.architecture"))
    return replace(
        info,
        parameter_size=info.parameter_size or _str(details.get("parameter_size")),
        quantization=info.quantization or _str(details.get("quantization_level")),
        family=info.family or _str(details.get("family")),
        capabilities=_capabilities(said.get("capabilities")) if info.capabilities is None else info.capabilities,
        trained_context=info.trained_context or _positive(facts.get(f"{architecture}.context_length")),
        remote=info.remote or bool(said.get("remote_model") or said.get("remote_host")),
    )


def loaded_models(said: Mapping[str, Any]) -> list[LoadedModel]:
    """Read `/api/ps`; `context` is the window in use, often less than what the model was trained for."""
    return [
        LoadedModel(
            name=_str(item.get("name") or item.get("model")),
            context=_positive(item.get("context_length")),
            size_bytes=_positive(item.get("size")) or 0,
            vram_bytes=_positive(item.get("size_vram")) or 0,
        )
        for item in _objects(said.get("models"))
    ]


def same_model(one: str, other: str) -> bool:
    """Compare names as Ollama does: without case, `latest` being the tag where none is given."""
    return _canonical(one) == _canonical(other)


def _canonical(name: str) -> str:
    name = name.lower()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _from_tag(item: Mapping[str, Any]) -> ModelInfo:
    details = _object(item.get("details"))
    return ModelInfo(
        name=_str(item.get("name") or item.get("model")),
        digest=_str(item.get("digest")),
        size_bytes=_positive(item.get("size")) or 0,
        parameter_size=_str(details.get("parameter_size")),
        quantization=_str(details.get("quantization_level")),
        family=_str(details.get("family")),
        capabilities=_capabilities(item.get("capabilities")),
        trained_context=_positive(details.get("context_length")),
        remote=bool(item.get("remote_model") or item.get("remote_host")),
    )


def _capabilities(value: object) -> frozenset[str] | None:
    if not isinstance(value, list):
        return None
    return frozenset(item for item in value if isinstance(item, str))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _str(value: object) -> str:
    return value if isinstance(value, str) else ""


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
