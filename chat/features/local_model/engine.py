"""The language model itself: llama.cpp through `xllamacpp`, in this process.

An engine turns a prompt into pieces of text and a `Finish`, and stops within a token, or within a batch of 128 prompt
tokens, when `emit` raises. It knows nothing of HTTP; the tests give the server a scripted one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from chat.features.local_model.options import CONTEXT_LENGTH
from chat.features.local_model.refused import Refused
from chat.features.local_model.replies import Finish
from chat.features.local_model.weights import Weights

SLOTS = 2
# Cancelling waits for the batch in hand: 128 prompt tokens are about 0.4 s on two cores.
PROMPT_BATCH = 128

Emit = Callable[[str], None]


class Engine(Protocol):
    """What the server needs of a model."""

    def complete(self, prompt: str, options: Mapping[str, Any], window: int, emit: Emit) -> Finish:
        """Call `emit` with each piece of text; "" means only that the prompt is still being read."""
        ...


class LlamaEngine:
    """llama.cpp with the given weights. Loading takes about a second and 520 MB (two windows of 8,192 tokens)."""

    def __init__(self, weights: Weights, *, threads: int) -> None:
        import xllamacpp  # deferred: an optional package of 100 MB

        params = xllamacpp.CommonParams()
        params.model.path = str(weights.path)
        params.n_parallel = SLOTS
        params.n_ctx = CONTEXT_LENGTH * SLOTS
        params.n_batch = params.n_ubatch = PROMPT_BATCH
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.warmup = False
        params.cache_ram_mib = 0
        params.verbosity = 0
        # The library also opens an HTTP port of its own on loopback that we never use: nobody else may either.
        params.api_keys = [secrets.token_urlsafe(32)]
        self._server = xllamacpp.Server(params)

    def complete(self, prompt: str, options: Mapping[str, Any], window: int, emit: Emit) -> Finish:
        """Run one completion; whatever `emit` raises ends it and is raised here."""
        completion = _Completion(emit, window)
        request = {
            **options,
            "prompt": prompt.encode("utf-8", "replace").decode(),  # JSON may carry half a surrogate pair
            "stream": True,
            "return_progress": True,
            "stream_options": {"include_usage": True},
        }
        self._server.handle_completions(request, completion.receive)
        return completion.result()


class _Completion:
    """Takes the engine's chunks; an exception must not cross the C++ frames between, so it is kept until after."""

    def __init__(self, emit: Emit, window: int) -> None:
        self._emit = emit
        self._window = window
        self._finish: Finish | None = None
        self._problem: BaseException | None = None

    def receive(self, chunk: Mapping[str, Any]) -> bool:
        """Take one chunk; True tells the engine to stop."""
        try:
            self._take(chunk)
        except BaseException as problem:  # kept and raised again by result(): it cannot pass through C++
            self._problem = problem
        return self._problem is not None

    def result(self) -> Finish:
        if self._problem is not None:
            raise self._problem
        if self._finish is None:
            raise Refused(500, "model runner has unexpectedly stopped")
        return self._finish

    def _take(self, chunk: Mapping[str, Any]) -> None:
        if "error" in chunk:
            raise Refused(int(chunk["error"].get("code", 500)), json.dumps({"error": chunk["error"]}))
        if "prompt_progress" in chunk:
            self._check_window(int(chunk["prompt_progress"]["total"]))
        choice = chunk["choices"][0] if chunk["choices"] else {}
        self._emit(choice.get("text") or "")
        if choice.get("finish_reason"):
            self._finish = _finish(choice["finish_reason"], chunk)

    def _check_window(self, tokens: int) -> None:
        if tokens >= self._window:
            raise Refused(400, json.dumps({"error": too_long(tokens, self._window)}))


def too_long(tokens: int, window: int) -> dict[str, Any]:
    """Return llama.cpp's error for a prompt over the window, which Ollama passes on as text."""
    return {
        "code": 400,
        "message": f"request ({tokens} tokens) exceeds the available context size ({window} tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": tokens,
        "n_ctx": window,
    }


def _finish(reason: str, chunk: Mapping[str, Any]) -> Finish:
    usage, timings = chunk.get("usage") or {}, chunk.get("timings") or {}
    return Finish(
        reason="length" if reason == "length" else "stop",
        prompt_tokens=int(usage.get("prompt_tokens", 0)),
        completion_tokens=int(usage.get("completion_tokens", 0)),
        prompt_ns=int(timings.get("prompt_ms", 0) * 1e6),
        completion_ns=int(timings.get("predicted_ms", 0) * 1e6),
    )
