"""What the simulated server is told to do with one request: plain values, no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Text:
    """One line with whatever a line may hold; all empty is a legal line too."""

    content: str = ""
    thinking: str = ""
    tool_calls: Sequence[Mapping[str, Any]] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """A text token by token, at the server's rate."""

    text: str
    kind: Literal["content", "thinking"] = "content"


@dataclass(frozen=True, slots=True)
class Raw:
    """Any bytes, as one chunk of the body."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Goes on when the gate of this name has been opened."""

    gate: str


@dataclass(frozen=True, slots=True)
class Head:
    """Sends the headers now, before any line."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The line with `done`."""

    reason: str | None = "stop"
    content: str = ""
    thinking: str = ""
    tool_calls: Sequence[Mapping[str, Any]] = ()
    metrics: bool = True
    newline: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error line, the last one of its stream."""

    error: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CleanEnd:
    """A correct end of the body, whether or not anything was finished."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends: FIN, or RST as after a crash."""

    reset: bool = False


@dataclass(frozen=True, slots=True)
class Hang:
    """Silence until the client leaves."""


Step = Text | Words | Raw | Pause | Wait | Head | Finish | Problem | CleanEnd | Cut | Hang
ENDS = (Finish, Problem, CleanEnd, Cut, Hang)


@dataclass(frozen=True, slots=True)
class Framing:
    """How lines become chunks of the body; each chunk is a write of its own."""

    bytes_per_chunk: int = 0
    lines_per_chunk: int = 1
    split_characters: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with status 200."""

    steps: tuple[Step, ...]
    framing: Framing | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Any other answer, in one piece."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


Item = Reply | Refusal


def reply(*steps: Step | str, framing: Framing | None = None) -> Reply:
    done = [Text(step) if isinstance(step, str) else step for step in steps]
    if not any(isinstance(step, ENDS) for step in done):
        done.append(Finish())
    return Reply(tuple(done), framing)


def refuse(status: int, error: str | None = None, **more: Any) -> Refusal:
    """An error as Ollama sends it; None: an empty body, as with 403."""
    body = b"" if error is None else json.dumps({"error": error, **more}, separators=(",", ":")).encode()
    return Refusal(status, body)


def page(status: int, html: str, **headers: str) -> Refusal:
    """What a proxy says in place of Ollama."""
    return Refusal(status, html.encode(), "text/html", headers)
