"""Generations: what happened, when, and how long it took, with the timeline of events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import Truncator

from chat.admin.filters import ErrorCodeFilter, ModelFilter, StateFilter, UserFilter
from chat.admin.keyset import AFTER, key_of
from chat.admin.readonly import ReadOnlyAdmin, may_read_text, note_reading
from chat.models import EventRow, Generation

EVENTS_ON_A_PAGE = 500
TEXT_KEYS = ("chunk", "content", "thinking", "arguments", "summary")


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """An event as the page shows it; `after_s` counts from the making of the generation."""

    seq: int
    type: str
    epoch: int
    after_s: float
    text: str


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "state", "user", "model", "queue_wait", "first_delta", "total", "tokens_per_s",
                    "error_code", "created_at")  # fmt: skip
    list_select_related = ("user",)
    list_filter = (UserFilter, ModelFilter, StateFilter, ErrorCodeFilter, "kind", "created_at")
    search_fields = ("=public_id", "=chat_session__public_id", "=message__public_id", "user__username", "error_text")
    fieldsets = (
        (None, {"fields": ("public_id", "state", "finish_reason", "error_code", "error_text", "kind")}),
        ("Whose", {"fields": ("user", "chat_session", "message")}),
        ("Model", {"fields": ("model", "model_digest", "server", "options", "think")}),
        ("Times", {"fields": ("created_at", "started_at", "first_delta_at", "ended_at", "stop_requested_at",
                              "queue_wait", "first_delta", "total", "load_s")}),
        ("Figures", {"fields": ("prompt_tokens", "completion_tokens", "tokens_per_s", "context_used", "context_size",
                                "retries", "recoveries", "idle_claims")}),
        ("Lease", {"fields": ("epoch", "owner", "lease_expires_at", "last_seq")}),
    )  # fmt: skip

    @admin.display(description="Waited (s)")
    def queue_wait(self, generation: Generation) -> str:
        return seconds(generation.created_at, generation.started_at)

    @admin.display(description="To first text (s)")
    def first_delta(self, generation: Generation) -> str:
        return seconds(generation.started_at, generation.first_delta_at)

    @admin.display(description="Total (s)")
    def total(self, generation: Generation) -> str:
        return seconds(generation.created_at, generation.ended_at)

    def page(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        readable = may_read_text(request)
        if readable:
            note_reading(request, obj.chat_session)
        return timeline(obj, key_of(request.GET.get(AFTER, "")), readable=readable)


def timeline(generation: Generation, after: int | None, *, readable: bool) -> dict[str, Any]:
    """Return a page of events in order, and the `seq` after which the next page begins."""
    rows = list(generation.events.filter(seq__gt=after or 0).order_by("seq")[: EVENTS_ON_A_PAGE + 1])
    shown = [_row(event, generation.created_at, readable=readable) for event in rows[:EVENTS_ON_A_PAGE]]
    return {"timeline": shown, "next_after": shown[-1].seq if len(rows) > len(shown) else None}


def seconds(start: datetime | None, end: datetime | None) -> str:
    return f"{(end - start).total_seconds():.2f}" if start and end else "–"


def _row(event: EventRow, start: datetime, *, readable: bool) -> TimelineRow:
    text = ", ".join(f"{name}: {_value(name, value, readable=readable)}" for name, value in event.data.items())
    return TimelineRow(event.seq, event.type, event.epoch, (event.at - start).total_seconds(), text)


def _value(name: str, value: Any, *, readable: bool) -> str:
    if name in TEXT_KEYS and not readable:
        return f"({len(str(value))} characters)"
    return Truncator(str(value)).chars(200)
