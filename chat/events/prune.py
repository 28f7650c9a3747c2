"""Forgetting the log of answers that ended a day ago: their text stands in the message by then."""

from __future__ import annotations

from datetime import timedelta

from chat.conf import conf
from chat.models import EventRow, Generation
from chat.models.clock import db_now

GENERATIONS_AT_ONCE = 200


def prune() -> int:
    """Delete the events of some generations that ended long enough ago; return how many events went, 0 when done.

    A few at a time, each in a transaction of its own, so that nobody who appends waits for long.
    """
    before = db_now() - timedelta(seconds=conf.keep_events_s)
    old = Generation.objects.filter(ended_at__lt=before, events__isnull=False).order_by("id").distinct()
    ids = list(old.values_list("id", flat=True)[:GENERATIONS_AT_ONCE])
    deleted, _ = EventRow.objects.filter(generation_id__in=ids).delete() if ids else (0, {})
    return deleted
