"""The facts of a generation, one frozen dataclass each, and their JSON.

A stored event is `{"type", "seq", "at", ...fields}`: `seq` counts 1..n without gaps inside one generation, `at` is
the time of storing by the database's clock, ISO 8601 in UTC. An unknown type is an error where events are written
and is skipped where they are read, so that old and new code can run side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

PhaseName = Literal["loading", "reading", "thinking", "writing", "tool"]
EndState = Literal["completed", "stopped", "failed"]
FinishReason = Literal["stop", "length", "stopped", "error"]


@dataclass(frozen=True, slots=True)
class Started:
    """A worker has begun; written once for each claim that is not a recovery."""

    type: ClassVar[str] = "started"
    epoch: int
    model: str
    server: str


@dataclass(frozen=True, slots=True)
class Phase:
    """What the model is doing; `text` is for people."""

    type: ClassVar[str] = "phase"
    phase: PhaseName
    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """More of what the model thinks."""

    type: ClassVar[str] = "thinking"
    chunk: str


@dataclass(frozen=True, slots=True)
class Content:
    """More of the answer."""

    type: ClassVar[str] = "content"
    chunk: str


@dataclass(frozen=True, slots=True)
class ToolStart:
    """A tool is being used; `text` says so to people."""

    type: ClassVar[str] = "tool_start"
    call_id: str
    name: str
    arguments: Mapping[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class ToolEnd:
    """A tool has ended, well or not."""

    type: ClassVar[str] = "tool_end"
    call_id: str
    ok: bool
    summary: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Retry:
    """The model server failed before its first delta and is asked again in `wait_s` seconds."""

    type: ClassVar[str] = "retry"
    attempt: int
    wait_s: float
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """Another claim goes on from the text so far; the seam is here."""

    type: ClassVar[str] = "recovered"
    epoch: int
    reason: str


@dataclass(frozen=True, slots=True)
class Replace:
    """The text so far becomes this: the only way shown text may shrink."""

    type: ClassVar[str] = "replace"
    content: str
    thinking: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What the answer cost; None where the server did not tell."""

    type: ClassVar[str] = "usage"
    prompt_tokens: int | None
    completion_tokens: int | None
    tokens_per_s: float | None
    context_used: int | None
    context_size: int | None


@dataclass(frozen=True, slots=True)
class Error:
    """What went wrong, as a sentence for people; an `end` follows."""

    type: ClassVar[str] = "error"
    code: str
    error: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class End:
    """The last event of every generation, exactly one."""

    type: ClassVar[str] = "end"
    state: EndState
    finish_reason: FinishReason
    message_id: str


Payload = Started | Phase | Thinking | Content | ToolStart | ToolEnd | Retry | Recovered | Replace | Usage | Error | End

PAYLOADS: Mapping[str, type[Payload]] = {
    kind.type: kind
    for kind in (
        Started, Phase, Thinking, Content, ToolStart, ToolEnd, Retry, Recovered, Replace, Usage, Error, End,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """A stored fact: its number, its time and what it says."""

    seq: int
    at: datetime
    payload: Payload
    epoch: int = field(default=0, compare=False)

    @property
    def type(self) -> str:
        return self.payload.type

    @property
    def is_end(self) -> bool:
        return isinstance(self.payload, End)

    def to_json(self) -> dict[str, Any]:
        """Return the event as viewers and programs get it."""
        at = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"type": self.type, **encode(self.payload), "seq": self.seq, "at": at}


def encode(payload: Payload) -> dict[str, Any]:
    """Return the fields of a payload without its type."""
    if isinstance(payload, (Content, Thinking)):  # nearly all events: asdict's deep copy is 20 times as slow
        return {"chunk": payload.chunk}
    return asdict(payload)


def decode(type_: str, fields: Mapping[str, Any]) -> Payload | None:
    """Return the payload, or None for a type or shape that this version does not know."""
    kind = PAYLOADS.get(type_)
    if kind is None:
        return None
    try:
        return kind(**fields)
    except TypeError:
        return None
