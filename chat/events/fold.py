"""Events to answer: what a viewer would see who had applied all events in order. Pure.

`fold(events)` equals the stored message once `end` is in; `covers` is the `seq` of the last event applied. Applying
an event that is not the next one raises `Gap`, so a hole can never be folded over in silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from chat.events import types as t


class Gap(Exception):
    """The event offered is not the next one."""


@dataclass(slots=True)
class ToolUse:
    """One use of a tool; `ok` is None while it runs."""

    call: t.ToolStart
    ok: bool | None = None
    summary: str = ""
    duration_ms: int = 0


@dataclass(slots=True)
class Fold:
    """An answer as of `covers`."""

    covers: int = 0
    content_parts: list[str] = field(default_factory=list)
    thinking_parts: list[str] = field(default_factory=list)
    content_chars: int = 0
    phase: t.Phase | None = None
    tools: dict[str, ToolUse] = field(default_factory=dict)
    retry: t.Retry | None = None
    usage: t.Usage | None = None
    error: t.Error | None = None
    end: t.End | None = None
    recoveries: int = 0
    retries: int = 0
    model: str = ""
    started_at: datetime | None = None
    thinking_began: datetime | None = None
    thinking_ended: datetime | None = None
    writing_began: datetime | None = None
    ended_at: datetime | None = None

    @property
    def content(self) -> str:
        return _joined(self.content_parts)

    @property
    def thinking(self) -> str:
        return _joined(self.thinking_parts)

    @property
    def thinking_s(self) -> float | None:
        """Return how long the model thought, in seconds; None before the end of the thinking."""
        if self.thinking_began is None or self.thinking_ended is None:
            return None
        return (self.thinking_ended - self.thinking_began).total_seconds()

    def apply(self, event: t.Event) -> None:
        """Take the next event in; raise `Gap` for any other."""
        if event.seq != self.covers + 1:
            raise Gap(f"event {event.seq} offered to a fold that covers {self.covers}")
        self.covers = event.seq
        self._take(event)

    def apply_all(self, events: Iterable[t.Event]) -> Fold:
        for event in events:
            self.apply(event)
        return self

    def _take(self, event: t.Event) -> None:
        match event.payload:
            case t.Content(chunk):
                self._write(chunk, event.at)
            case t.Thinking(chunk):
                self._think(chunk, event.at)
            case t.Started(model=model):
                self.model = model
                self.started_at = self.started_at or event.at
                self.retry = None
            case t.Phase():
                self.phase = event.payload
                self.retry = None
            case t.ToolStart():
                self.tools[event.payload.call_id] = ToolUse(event.payload)
            case t.ToolEnd():
                self._end_tool(event.payload)
            case t.Retry():
                self.retry = event.payload
                self.retries += 1
            case t.Recovered():
                self.recoveries += 1
                self.retry = None
            case t.Replace(content, thinking):
                self.content_parts, self.thinking_parts = [content], [thinking]
                self.content_chars = len(content)
            case t.Usage():
                self.usage = event.payload
            case t.Error():
                self.error = event.payload
            case t.End():
                self.end, self.ended_at = event.payload, event.at
                self._close_thinking(event.at)
            case _:
                assert_never(event.payload)

    def _write(self, chunk: str, at: datetime) -> None:
        self._close_thinking(at)
        self.writing_began = self.writing_began or at
        self.content_parts.append(chunk)
        self.content_chars += len(chunk)
        self.retry = None

    def _think(self, chunk: str, at: datetime) -> None:
        self.thinking_began = self.thinking_began or at
        self.thinking_ended = None
        self.thinking_parts.append(chunk)
        self.retry = None

    def _close_thinking(self, at: datetime) -> None:
        if self.thinking_began is not None and self.thinking_ended is None:
            self.thinking_ended = at

    def _end_tool(self, end: t.ToolEnd) -> None:
        use = self.tools.get(end.call_id)
        if use is not None:
            use.ok, use.summary, use.duration_ms = end.ok, end.summary, end.duration_ms


def fold(events: Iterable[t.Event]) -> Fold:
    """Return the answer that these events, from the first on, amount to."""
    return Fold().apply_all(events)


def _joined(parts: list[str]) -> str:
    """Return the text, keeping the parts list short so that asking often stays cheap."""
    if len(parts) > 1:
        parts[:] = ["".join(parts)]
    return parts[0] if parts else ""
