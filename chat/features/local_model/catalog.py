"""What the server says about itself and its one model: version, tags, show, ps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat.features.local_model.options import CONTEXT_LENGTH, MODEL_PARAMETERS
from chat.features.local_model.replies import timestamp
from chat.features.local_model.weights import Weights
from chat.providers.demo import DEMO_MODEL, DEMO_VERSION

VERSION = {"version": DEMO_VERSION}

_DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "135M",
    "quantization_level": "Q4_1",
}
_CAPABILITIES = ["completion"]
# As for keep_alive -1: the model is never unloaded, and Ollama then names a time some 292 years ahead.
_NEVER = "2318-01-01T00:00:00Z"


class Catalog:
    """The three answers about the model, made once."""

    def __init__(self, weights: Weights) -> None:
        about = {
            "name": DEMO_MODEL,
            "model": DEMO_MODEL,
            "modified_at": timestamp(int(weights.modified_at) * 1_000_000_000),
            "size": weights.size_bytes,
            "digest": weights.digest(),
        }
        sizes = {"context_length": CONTEXT_LENGTH, "embedding_length": 576}
        self.tags = {"models": [{**about, "details": {**_DETAILS, **sizes}, "capabilities": _CAPABILITIES}]}
        loaded = {name: value for name, value in about.items() if name != "modified_at"}
        self.ps = {
            "models": [
                {
                    **loaded,
                    "details": _DETAILS,
                    "expires_at": _NEVER,
                    "size_vram": 0,
                    "context_length": CONTEXT_LENGTH,
                }
            ]
        }
        self.show: Mapping[str, Any] = {
            "license": "Apache-2.0",
            "parameters": "\n".join(f"{name:<30} {value}" for name, value in MODEL_PARAMETERS.items()),
            "details": _DETAILS,
            "model_info": {
                "general.architecture": "llama",
                "general.basename": "SmolLM2",
                "general.parameter_count": 134515008,
                "llama.context_length": CONTEXT_LENGTH,
                "llama.embedding_length": 576,
            },
            "capabilities": _CAPABILITIES,
            "modified_at": about["modified_at"],
        }
