"""The event log: append only, one row a fact, pruned a day after the end of the generation."""

from __future__ import annotations

from django.db import models


class EventRow(models.Model):
    """A stored event; `chat/events/types.py` gives `type` and `data` their meaning. Written by `events/append`."""

    generation = models.ForeignKey("Generation", on_delete=models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    epoch = models.PositiveIntegerField()
    type = models.CharField(max_length=12)
    data = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        db_table = "chat_event"
        verbose_name = "event"
        constraints = [models.UniqueConstraint(fields=["generation", "seq"], name="event_once")]

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"
