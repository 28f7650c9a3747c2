"""Stop a generation, in whatever state it is.

A queued one ends here and now. A running one is asked to: its worker sees the request at the next nudge, or when it
renews its lease; one whose worker is gone is ended here too. The text that was seen stays.
"""

from __future__ import annotations

from django.db import transaction

from chat.actions.finish import STOPPED, end_unowned
from chat.events.nudge import doorbell
from chat.models import Generation
from chat.models.clock import db_now


def stop_generation(*, generation: Generation, seen: int | None = None) -> None:
    """Ask for the end; doing it twice, or after the end, changes nothing. `seen`: the `seq` the person had seen."""
    with transaction.atomic():
        row = Generation.objects.select_for_update().get(pk=generation.pk)
        if not row.is_open:
            return
        now = db_now()
        owned = row.state == Generation.State.RUNNING and row.lease_expires_at and row.lease_expires_at > now
        if not owned:
            end_unowned(row, STOPPED)
            return
        if row.stop_requested_at is None:
            Generation.objects.filter(pk=row.pk).update(stop_requested_at=now, stop_seen_seq=seen)
        transaction.on_commit(lambda: doorbell.ring("changes"))
