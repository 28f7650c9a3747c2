"""The lines that the server sends, as Ollama writes them: key order, escaping, times. Pure."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Kind = Literal["chat", "generate"]

# Go's encoder escapes these inside strings; none of them occurs in JSON outside a string.
_GO_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


@dataclass(frozen=True, slots=True)
class Finish:
    """Why and at what cost an answer ended; the server's counters are whole nanoseconds."""

    reason: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_ns: int = 0
    completion_ns: int = 0


def encode(value: Mapping[str, Any]) -> str:
    """Return one JSON object on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_GO_ESCAPES)


def timestamp(now_ns: int | None = None) -> str:
    """Return the time as Go prints it: UTC, up to nine digits, trailing zeros dropped."""
    seconds, fraction = divmod(time.time_ns() if now_ns is None else now_ns, 1_000_000_000)
    digits = f".{fraction:09d}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{digits}Z"


def delta(kind: Kind, model: str, text: str) -> dict[str, Any]:
    """Return a line with a piece of text."""
    return {"model": model, "created_at": timestamp(), **_text(kind, text), "done": False}


def idle(kind: Kind, model: str, reason: str) -> dict[str, Any]:
    """Return the one object that answers a request to load or unload."""
    return {"model": model, "created_at": timestamp(), **_text(kind, ""), "done": True, "done_reason": reason}


def final(kind: Kind, model: str, text: str, finish: Finish, *, waited_ns: int, total_ns: int) -> dict[str, Any]:
    """Return the last line; zero counts vanish, as they do from Go's encoder."""
    counts = {
        "total_duration": total_ns,
        "load_duration": waited_ns,
        "prompt_eval_count": finish.prompt_tokens,
        "prompt_eval_duration": finish.prompt_ns,
        "eval_count": finish.completion_tokens,
        "eval_duration": finish.completion_ns,
    }
    return {
        "model": model,
        "created_at": timestamp(),
        **_text(kind, text),
        "done": True,
        "done_reason": finish.reason,
        **{name: count for name, count in counts.items() if count},
    }


def _text(kind: Kind, text: str) -> dict[str, Any]:
    if kind == "generate":
        return {"response": text}
    return {"message": {"role": "assistant", "content": text}}
