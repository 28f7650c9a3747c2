"""One line of Ollama's stream as values: text, tool calls and the end.

Pure, and lenient where versions differ: unknown keys and reasons are ignored, every field may be missing, text and
calls may sit on the last line too. What is no JSON object is `StreamGarbled`; an `error` is for `errors.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chat import errors
from chat.providers.types import Delta, Done, TextDelta, ToolCall

NS_PER_S = 1_000_000_000


def json_object(line: bytes) -> dict[str, Any]:
    """Read one line; RecursionError is what Python says to a thousand brackets."""
    try:
        value = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        raise errors.StreamGarbled() from error
    if not isinstance(value, dict):
        raise errors.StreamGarbled()
    return value


def deltas_of(said: Mapping[str, Any]) -> list[Delta]:
    """Return what one object says, in the order thinking, content, calls, end."""
    deltas: list[Delta] = []
    message = said.get("message")
    if isinstance(message, dict):
        if thinking := _text(message.get("thinking")):
            deltas.append(TextDelta("thinking", thinking))
        if content := _text(message.get("content")):
            deltas.append(TextDelta("content", content))
        if calls := message.get("tool_calls"):
            deltas.extend(_calls(calls))
    elif message is not None:
        raise errors.StreamGarbled()
    if said.get("done") is True:
        deltas.append(_done(said))
    return deltas


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise errors.StreamGarbled()
    if value.isascii() and "\0" not in value:
        return value
    # Neither a database nor UTF-8 takes these two; Ollama never sends them, what stands in between might.
    return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _calls(value: object) -> list[ToolCall]:
    if not isinstance(value, list):
        raise errors.StreamGarbled()
    return [_call(item) for item in value]


def _call(item: object) -> ToolCall:
    function = item.get("function") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(function, dict):
        raise errors.StreamGarbled()
    name = _text(function.get("name"))
    # `index` is often 0 for all calls of an answer and `id` is missing before 0.12.10: neither can be a key.
    return ToolCall(name=name, arguments=_arguments(function.get("arguments")), id=_text(item.get("id")))


def _arguments(value: object) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value or "{}")
        except (ValueError, RecursionError) as error:
            raise errors.ModelFailed("The model asked for a tool in a way that cannot be read.") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.ModelFailed("The model asked for a tool in a way that cannot be read.")
    return value


def _done(said: Mapping[str, Any]) -> Done:
    reason = said.get("done_reason")
    return Done(
        finish_reason=reason if isinstance(reason, str) and reason else "stop",
        prompt_tokens=_count(said.get("prompt_eval_count")),
        completion_tokens=_count(said.get("eval_count")),
        load_s=_seconds(said.get("load_duration")),
        prompt_s=_seconds(said.get("prompt_eval_duration")),
        completion_s=_seconds(said.get("eval_duration")),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _seconds(value: object) -> float | None:
    count = _count(value)
    return None if count is None else count / NS_PER_S
