"""The right to write: claims, renewals and hand-backs, each one conditional UPDATE.

A claim moves a generation from `queued`, or from a lease that ran out, to `running` under a new epoch. Every later
write names that epoch, so a worker that was paused or cut off can never write again once another has claimed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q

from chat.conf import conf
from chat.models import Generation
from chat.models.clock import db_now
from chat.queries.queue import Waiting, first_of_each_chat, in_line, running

CLAIM_LOCK = 0x534D_4149_4C  # PostgreSQL's advisory lock of this name: claims one after another


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write generation `id` under `epoch`."""

    id: int
    epoch: int


def claim_next(owner: str, *, limit: int) -> list[Claim]:
    """Claim up to `limit` generations, expired leases first, then the queue in fair order; one transaction."""
    if limit <= 0:
        return []
    with transaction.atomic():
        _one_at_a_time()
        now = db_now()
        claims = _claim_expired(owner, now, limit)
        chosen = _choose(running(now), limit - len(claims))
        return claims + [claim for one in chosen if (claim := _claim_queued(owner, now, one.id))]


def expired_poison() -> list[Generation]:
    """Return generations whose workers died `conf.max_idle_claims` times in a row without a word."""
    expired = Q(state=Generation.State.RUNNING, lease_expires_at__lt=db_now())
    rows = Generation.objects.filter(expired, idle_claims__gte=conf.max_idle_claims)
    return list(rows.select_related("message", "chat_session"))


def renew(owner: str, claims: Mapping[int, int]) -> set[int]:
    """Renew the leases of `claims` (id → epoch) in one UPDATE; return the ids that are still ours."""
    ours = _ours(owner, claims)
    Generation.objects.filter(ours).update(lease_expires_at=db_now() + timedelta(seconds=conf.lease_s))
    return set(Generation.objects.filter(ours).values_list("id", flat=True))


def stops_requested(owner: str, claims: Mapping[int, int]) -> set[int]:
    """Return those of our claims that a person has asked to stop."""
    rows = Generation.objects.filter(_ours(owner, claims), stop_requested_at__isnull=False)
    return set(rows.values_list("id", flat=True))


def hand_back(owner: str) -> int:
    """Give all claims of this owner back to the queue; another worker goes on at once. Return how many."""
    return Generation.objects.filter(owner=owner, state=Generation.State.RUNNING).update(
        state=Generation.State.QUEUED, owner="", lease_expires_at=None
    )


def _ours(owner: str, claims: Mapping[int, int]) -> Q:
    """Match the claims: an owner's name is never used twice, so owner and id fix the epoch."""
    return Q(id__in=list(claims), owner=owner, state=Generation.State.RUNNING)


def _one_at_a_time() -> None:
    """Let one process choose at a time, or slots would be given twice; SQLite's transactions are so anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])


def _claim_expired(owner: str, now: datetime, limit: int) -> list[Claim]:
    rows = Generation.objects.filter(
        state=Generation.State.RUNNING, lease_expires_at__lt=now, idle_claims__lt=conf.max_idle_claims
    )
    seen = rows.order_by("id").values_list("id", "epoch")[:limit]
    return [
        Claim(id_, epoch + 1)
        for id_, epoch in list(seen)
        if _take(owner, now, Q(id=id_, epoch=epoch, state=Generation.State.RUNNING, lease_expires_at__lt=now))
    ]


def _claim_queued(owner: str, now: datetime, id_: int) -> Claim | None:
    epoch = Generation.objects.values_list("epoch", flat=True).get(id=id_)
    if not _take(owner, now, Q(id=id_, epoch=epoch, state=Generation.State.QUEUED)):
        return None
    return Claim(id_, epoch + 1)


def _take(owner: str, now: datetime, seen: Q) -> bool:
    taken = Generation.objects.filter(seen).update(
        state=Generation.State.RUNNING,
        epoch=F("epoch") + 1,
        owner=owner,
        lease_expires_at=now + timedelta(seconds=conf.lease_s),
        started_at=now,
        idle_claims=F("idle_claims") + 1,
    )
    return taken == 1


def _choose(busy: Collection[Waiting], limit: int) -> list[Waiting]:
    """Return the next of the queue for whom there is a slot, within the users' own limits."""
    chats = set(Generation.objects.filter(state=Generation.State.RUNNING).values_list("chat_session_id", flat=True))
    taken = list(busy)
    chosen: list[Waiting] = []
    for one in first_of_each_chat(in_line(busy), chats):
        if len(chosen) >= limit:
            break
        if _has_slot(one, taken):
            taken.append(one)
            chosen.append(one)
    return chosen


def _has_slot(one: Waiting, taken: Collection[Waiting]) -> bool:
    of_user = sum(other.user_id == one.user_id for other in taken)
    of_model = sum(other.model == one.model for other in taken)
    return of_user < conf.max_running and of_model < conf.slots_per_model
