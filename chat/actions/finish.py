"""End a generation that no worker owns: one still queued, or one whose worker is gone."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from chat.events.append import Batch, Outcome, append
from chat.events.nudge import doorbell
from chat.events.types import Error, Payload
from chat.models import Generation

STOPPED = Outcome(state="stopped", finish_reason="stopped")


def end_unowned(generation: Generation, outcome: Outcome, payloads: Sequence[Payload] = ()) -> bool:
    """Append `end` under the epoch and state that were read; False when someone else has moved it meanwhile."""
    batch = Batch(generation.pk, generation.epoch, payloads, outcome, generation.state)
    with transaction.atomic():
        ended = generation.pk in append([batch]).events
        transaction.on_commit(lambda: doorbell.ring("changes"))
    return ended


def fail_unowned(generation: Generation, error: Error) -> bool:
    """End it as failed with this error; its text so far is kept."""
    outcome = Outcome(state="failed", finish_reason="error", error_code=error.code, error_text=error.error)
    return end_unowned(generation, outcome, [error])
