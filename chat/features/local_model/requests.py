"""What a client asked for: the body of `/api/chat` and `/api/generate`, checked as Ollama checks it. Pure.

`parse_chat` and `parse_generate` return a `Call` or raise `Refused` with the status and the text Ollama would send.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chat.features.local_model.chatml import Turn, render
from chat.features.local_model.options import CONTEXT_LENGTH, engine_options, number_of
from chat.features.local_model.refused import Refused
from chat.features.local_model.replies import Kind
from chat.providers.demo import DEMO_MODEL

_DURATION = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*")


@dataclass(frozen=True, slots=True)
class Call:
    """One accepted request. `idle` is "load" or "unload" where no text was asked for."""

    kind: Kind
    model: str
    stream: bool
    prompt: str
    options: Mapping[str, Any]
    window: int
    idle: str = ""


def parse_body(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a request; what follows its first value is ignored, as Ollama does."""
    text = raw.decode("utf-8", errors="replace").lstrip()
    if not text:
        raise Refused(400, "missing request body")
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text):
            raise Refused(400, "unexpected EOF") from error
        raise Refused(400, f"invalid character '{text[error.pos]}' looking for beginning of value") from error
    if not isinstance(value, dict):
        raise Refused(400, "json: cannot unmarshal value into Go value of type api.Request")
    return value


def check_model(body: Mapping[str, Any]) -> str:
    """Return the model's name as it was sent."""
    name = body.get("model") or body.get("name") or ""
    if not isinstance(name, str) or name.lower() != DEMO_MODEL:
        raise Refused(404, f"model '{name}' not found")
    return name


def parse_chat(body: Mapping[str, Any]) -> Call:
    """Return the request for an answer to a list of messages."""
    if not body.get("model"):
        raise Refused(400, "model is required")
    model = check_model(body)
    messages = body.get("messages") or []
    turns = [_turn(message, model) for message in messages]
    if [turn.role for turn in turns[-2:]] == ["assistant", "assistant"]:
        raise Refused(400, "Cannot have 2 or more assistant messages at the end of the list.")
    return _call("chat", model, body, render(turns) if turns else "")


def parse_generate(body: Mapping[str, Any]) -> Call:
    """Return the request for an answer to one text; `raw` passes it to the model as it is."""
    model = check_model(body)
    prompt, system = _string(body, "prompt"), _string(body, "system")
    if body.get("suffix"):
        raise Refused(400, f"registry.ollama.ai/library/{model} does not support insert")
    if body.get("images"):
        raise Refused(400, f'"{model}" does not support image input')
    if body.get("raw"):
        if body.get("template") or system or body.get("context"):
            raise Refused(400, "raw mode does not support template, system, or context")
        return _call("generate", model, body, prompt)
    turns = [Turn("system", system)] if system else []
    return _call("generate", model, body, render([*turns, Turn("user", prompt)]) if prompt else "")


def _call(kind: Kind, model: str, body: Mapping[str, Any], prompt: str) -> Call:
    _check_abilities(body, model)
    keep_alive = _keep_alive(body.get("keep_alive"))
    options = body.get("options") or {}
    if not isinstance(options, dict):
        raise Refused(400, f"json: cannot unmarshal value into Go struct field {kind}.options of type map")
    window = number_of(options, "num_ctx", CONTEXT_LENGTH)
    return Call(
        kind=kind,
        model=model,
        stream=body.get("stream") is not False,
        prompt=prompt,
        options=engine_options(options, body.get("format")),
        window=max(4, min(window, CONTEXT_LENGTH)),
        idle="" if prompt else ("unload" if keep_alive == 0 else "load"),
    )


def _turn(message: Any, model: str) -> Turn:
    if not isinstance(message, dict):
        raise Refused(400, "json: cannot unmarshal value into Go struct field ChatRequest.messages of type api.Message")
    if message.get("images"):
        raise Refused(400, f'"{model}" does not support image input')
    role, content = message.get("role") or "", message.get("content")
    if content is not None and not isinstance(content, str):
        kind = {list: "array", dict: "object", bool: "bool"}.get(type(content), "number")
        raise Refused(
            400, f"json: cannot unmarshal {kind} into Go struct field ChatRequest.messages.content of type string"
        )
    return Turn(str(role).lower(), content or "")


def _check_abilities(body: Mapping[str, Any], model: str) -> None:
    if body.get("tools"):
        raise Refused(400, f"registry.ollama.ai/library/{model} does not support tools")
    think = body.get("think")
    if think not in (None, True, False, "", "low", "medium", "high", "max"):
        raise Refused(400, f'invalid think value: "{think}" (must be "high", "medium", "low", "max", true, or false)')
    if think:
        raise Refused(400, f'"{model}" does not support thinking')


def _keep_alive(value: Any) -> float | None:
    """Return the seconds where they matter (0 asks to unload), else None; the model stays loaded either way."""
    if isinstance(value, str) and value:
        if value in ("0", "+0", "-0"):
            return 0.0
        if not _DURATION.fullmatch(value):
            problem = "missing unit in duration" if value.lstrip("+-").isdigit() else "invalid duration"
            raise Refused(400, f'time: {problem} "{value}"')
        return 0.0 if not re.search(r"[1-9]", value) else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _string(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Refused(400, f"json: cannot unmarshal value into Go struct field GenerateRequest.{name} of type string")
    return value or ""
