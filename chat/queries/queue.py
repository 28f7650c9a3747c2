"""The queue: who is next, and how many go before each.

Next is the oldest generation of the user with the fewest running; within one chat session one at a time, in order.
The order is computed from the rows each time; nothing keeps it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from chat.models import Generation

LOOK_AHEAD = 1_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the order depends on."""

    id: int
    user_id: int
    chat_session_id: int
    model: str
    server: str = ""


def fair_order(waiting: Iterable[Waiting], running: Iterable[Waiting]) -> list[Waiting]:
    """Return the waiting in the order in which they will be taken if nobody else comes. Pure.

    Each one taken counts as running for the choice of the next, so users alternate; a user's own stay in order.
    """
    load = Counter(one.user_id for one in running)
    lanes: dict[int, list[Waiting]] = {}
    for one in sorted(waiting, key=lambda one: one.id):
        lanes.setdefault(one.user_id, []).append(one)
    order: list[Waiting] = []
    while lanes:
        user_id = min(lanes, key=lambda user: (load[user], lanes[user][0].id))
        order.append(lanes[user_id].pop(0))
        load[user_id] += 1
        if not lanes[user_id]:
            del lanes[user_id]
    return order


def first_of_each_chat(order: Iterable[Waiting], busy: Collection[int]) -> list[Waiting]:
    """Return those whose chat is free: the first of each chat session not in `busy`. Pure."""
    taken = set(busy)
    free: list[Waiting] = []
    for one in order:
        if one.chat_session_id not in taken:
            taken.add(one.chat_session_id)
            free.append(one)
    return free


def waiting() -> list[Waiting]:
    rows = Generation.objects.filter(state=Generation.State.QUEUED).order_by("id")
    return [
        Waiting(*row) for row in rows.values_list("id", "user_id", "chat_session_id", "model", "server")[:LOOK_AHEAD]
    ]


def running(now: datetime) -> list[Waiting]:
    """Return those whose lease holds; an expired one does not count, its worker is taken for dead."""
    rows = Generation.objects.filter(Q(state=Generation.State.RUNNING, lease_expires_at__gt=now))
    return [Waiting(*row) for row in rows.values_list("id", "user_id", "chat_session_id", "model", "server")]


def places(ids: Collection[int]) -> dict[int, int]:
    """Return for each queued generation of `ids` how many others go before it."""
    if not ids:
        return {}
    busy = Generation.objects.filter(state=Generation.State.RUNNING).order_by("id")
    order = fair_order(
        waiting(), [Waiting(*row) for row in busy.values_list("id", "user_id", "chat_session_id", "model")]
    )
    wanted = set(ids)
    return {one.id: place for place, one in enumerate(order) if one.id in wanted}
