"""What Ollama checks before it loads anything, with its own words (ollama-protocol, sections 3 and 7)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from tests.ollama_sim.catalogue import SimModel
from tests.ollama_sim.script import Refusal, refuse
from tests.ollama_sim.wire import Request

INTEGERS = "num_ctx num_batch num_gpu main_gpu num_thread num_keep seed num_predict top_k repeat_last_n"
FLOATS = "top_p min_p typical_p temperature repeat_penalty presence_penalty frequency_penalty"
OPTION_TYPES: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    **dict.fromkeys(INTEGERS.split(), ((int, float), "integer")),
    **dict.fromkeys(FLOATS.split(), ((int, float), "float32")),
    "use_mmap": (bool, "boolean"),
    "stop": (list, "array"),
}
THINK_LEVELS = ("high", "medium", "low", "max")
UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)")


def keep_alive_s(value: Any, default: float = 300.0) -> float:
    """Read seconds or a Go duration; ValueError carries Go's words."""
    if value is None:
        return default
    if isinstance(value, (int, float)):
        return float(value)
    text = value.lstrip("+-")
    if text == "0":
        return 0.0
    if re.fullmatch(r"\d+(\.\d*)?", text):
        raise ValueError(f'time: missing unit in duration "{value}"')
    if "".join(number + unit for number, unit in DURATION.findall(text)) != text or not text:
        raise ValueError(f'time: invalid duration "{value}"')
    seconds = sum(float(number) * UNITS_S[unit] for number, unit in DURATION.findall(text))
    return -seconds if value.startswith("-") else seconds


def refusal_of_body(request: Request) -> Refusal | None:
    """Check what needs no model: JSON, types, base64, keep_alive, options, format."""
    if not request.body:
        return refuse(400, "missing request body")
    problem = _json_problem(request.body) or _shape_problem(request.json)
    if problem:
        return refuse(400, problem)
    if not request.json.get("model"):
        return refuse(400, "model is required")
    return _late_problem(request.json)


def refusal_of_abilities(body: Mapping[str, Any], model: SimModel) -> Refusal | None:
    can = model.capabilities
    if "completion" not in can:
        return refuse(400, f'"{body["model"]}" does not support chat')
    if body.get("tools") and "tools" not in can:
        return refuse(400, f"registry.ollama.ai/library/{model.name} does not support tools")
    if body.get("think") and "thinking" not in can:
        return refuse(400, f'"{body["model"]}" does not support thinking')
    return None


def _json_problem(body: bytes) -> str:
    try:
        text = body.decode().lstrip()
        value, _ = json.JSONDecoder().raw_decode(text)  # only the first value is read, as Go does
    except UnicodeDecodeError:
        return "invalid character '\\ufffd' looking for beginning of value"
    except json.JSONDecodeError as error:
        if error.pos >= len(text) or text[error.pos] == '"':
            return "unexpected EOF"
        return f"invalid character '{text[error.pos]}' looking for beginning of value"
    if not isinstance(value, dict):
        kind = {list: "array", str: "string", bool: "bool"}.get(type(value), "number")
        return f"json: cannot unmarshal {kind} into Go value of type api.ChatRequest"
    return ""


def _shape_problem(body: Mapping[str, Any]) -> str:
    if not isinstance(body.get("messages") or [], list):
        return "json: cannot unmarshal string into Go struct field ChatRequest.messages of type []api.Message"
    for message in body.get("messages") or []:
        if problem := _message_problem(message):
            return problem
    think = body.get("think")
    if think is not None and not isinstance(think, bool) and think not in THINK_LEVELS:
        return f'invalid think value: "{think}" (must be "high", "medium", "low", "max", true, or false)'
    try:
        keep_alive_s(body.get("keep_alive"))
    except ValueError as error:
        return str(error)
    top = body.get("top_logprobs", 0)
    return "" if 0 <= top <= 20 else "top_logprobs must be between 0 and 20"


def _message_problem(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if content is not None and not isinstance(content, str):
        kind = {list: "array", dict: "object"}.get(type(content), "number")
        return f"json: cannot unmarshal {kind} into Go struct field ChatRequest.messages.content of type string"
    for image in message.get("images") or []:
        if problem := _base64_problem(image):
            return problem
    for call in message.get("tool_calls") or []:
        if isinstance(call.get("function", {}).get("arguments"), str):
            return "Value looks like object, but can't find closing '}' symbol"
    return ""


def _base64_problem(image: str) -> str:
    bad = re.search(r"[^A-Za-z0-9+/=\r\n]", image)
    if bad:
        return f"illegal base64 data at input byte {bad.start()}"
    try:
        base64.b64decode(image)
    except binascii.Error:
        return f"illegal base64 data at input byte {len(image) - 1}"
    return ""


def _late_problem(body: Mapping[str, Any]) -> Refusal | None:
    for name, value in (body.get("options") or {}).items():
        wanted, word = OPTION_TYPES.get(name, (object, ""))
        is_flag = isinstance(value, bool) and word in ("integer", "float32")
        if value is not None and (not isinstance(value, wanted) or is_flag):
            return refuse(500, f'option "{name}" must be of type {word}')
    form = body.get("format")
    if form not in (None, "", "json") and not isinstance(form, dict):
        shown = json.dumps(json.dumps(form))[1:-1]
        return refuse(500, f'invalid format: "{shown}"; expected "json" or a valid JSON Schema object')
    return None
