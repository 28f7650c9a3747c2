"""Ollama's options and formats in the engine's words. Pure.

Unknown options are ignored, wrong types are refused with 500, both as Ollama does. The model's own defaults stand
where Ollama has a model's PARAMETER lines; `/api/show` lists them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chat.features.local_model.refused import Refused

CONTEXT_LENGTH = 8192

# Nearly greedy: the model is right more often, and a second attempt may still differ. Its longest useful answer is
# far below num_predict; without a bound a loop would run to the end of the window.
MODEL_PARAMETERS: Mapping[str, Any] = {"temperature": 0.1, "num_predict": 768}

_DEFAULTS: Mapping[str, Any] = {
    "top_k": 40, "top_p": 0.9, "min_p": 0.0, "typical_p": 1.0, "repeat_last_n": 64, "repeat_penalty": 1.0,
    "presence_penalty": 0.0, "frequency_penalty": 0.0, "num_keep": 4, "seed": -1, **MODEL_PARAMETERS,
}  # fmt: skip
_INTEGERS = frozenset({"top_k", "repeat_last_n", "num_keep", "seed", "num_predict"})
_ENGINE_NAMES = {"num_predict": "max_tokens", "num_keep": "n_keep"}

# DRY punishes the repetition of whole sequences; the plain repeat penalty made arithmetic worse.
_AGAINST_LOOPS = {"dry_multiplier": 0.8, "dry_allowed_length": 3, "dry_penalty_last_n": 256}


def engine_options(options: Mapping[str, Any], format_: Any) -> dict[str, Any]:
    """Return the sampling part of a request to the engine."""
    chosen: dict[str, Any] = {}
    for name, default in _DEFAULTS.items():
        value = number_of(options, name, default) if name in _INTEGERS else _float_of(options, name, default)
        chosen[_ENGINE_NAMES.get(name, name)] = value
    chosen["stop"] = _stops(options)
    schema = _schema(format_)
    return {**chosen, "json_schema": schema} if schema is not None else {**chosen, **_AGAINST_LOOPS}


def number_of(options: Mapping[str, Any], name: str, default: int) -> int:
    """Return an integer option; a float is cut off, anything else is refused."""
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Refused(500, f'option "{name}" must be of type integer')
    return int(value)


def _float_of(options: Mapping[str, Any], name: str, default: float) -> float:
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Refused(500, f'option "{name}" must be of type float32')
    return float(value)


def _stops(options: Mapping[str, Any]) -> list[str]:
    value = options.get("stop") or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refused(500, 'option "stop" must be of type array')
    return [*value, "<|im_end|>", "<|im_start|>"]


def _schema(format_: Any) -> dict[str, Any] | None:
    if format_ is None or format_ == "":
        return None
    if format_ == "json":
        return {"type": "object"}
    if isinstance(format_, dict):
        return format_
    raise Refused(
        500, f'invalid format: {json.dumps(json.dumps(format_))}; expected "json" or a valid JSON Schema object'
    )
