"""The queue: who is next, and how many go before each.

Next is the oldest generation of the user with the fewest running, of several the one whose turn was longest ago;
within one chat session one at a time, in order.
The order is computed from the rows each time; nothing keeps it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import heapify, heappop, heapreplace
from itertools import count

from django.db.models import Q

from chat.models import Generation

LOOK_AHEAD = 1_000
LOOK_BACK = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the order depends on."""

    id: int
    user_id: int
    chat_session_id: int
    model: str
    server: str = ""


def fair_order(waiting: Iterable[Waiting], running: Iterable[Waiting], served: Iterable[int] = ()) -> list[Waiting]:
    """Return the waiting in the order in which they will be taken if nobody else comes. Pure.

    Next is the user with the fewest running; of several the one whose turn was longest ago (`served` has their ids
    in this order, who is not in it comes first), or else who came first. Each one taken counts as running for the
    choice of the next, so users alternate; a user's own stay in order.
    """
    load = Counter(one.user_id for one in running)
    turn = {user_id: number for number, user_id in enumerate(served, 1)}
    lanes: dict[int, deque[Waiting]] = {}
    for one in sorted(waiting, key=lambda one: one.id):
        lanes.setdefault(one.user_id, deque()).append(one)
    heap = [(load[user_id], turn.get(user_id, 0), lane[0].id, user_id) for user_id, lane in lanes.items()]
    heapify(heap)
    order: list[Waiting] = []
    turns = count(len(turn) + 1)
    while heap:
        running_now, _, _, user_id = heap[0]
        lane = lanes[user_id]
        order.append(lane.popleft())
        if lane:
            heapreplace(heap, (running_now + 1, next(turns), lane[0].id, user_id))
        else:
            heappop(heap)
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


def in_line(busy: Iterable[Waiting]) -> list[Waiting]:
    """Return everything that waits, in fair order."""
    rows = waiting()
    return fair_order(rows, busy, _served({one.user_id for one in rows}))


def running(now: datetime) -> list[Waiting]:
    """Return those whose lease holds; an expired one does not count, its worker is taken for dead."""
    rows = Generation.objects.filter(Q(state=Generation.State.RUNNING, lease_expires_at__gt=now))
    return [Waiting(*row) for row in rows.values_list("id", "user_id", "chat_session_id", "model", "server")]


def places(ids: Collection[int]) -> dict[int, int]:
    """Return for each queued generation of `ids` how many others go before it."""
    if not ids:
        return {}
    busy = Generation.objects.filter(state=Generation.State.RUNNING).order_by("id")
    order = in_line([Waiting(*row) for row in busy.values_list("id", "user_id", "chat_session_id", "model")])
    wanted = set(ids)
    return {one.id: place for place, one in enumerate(order) if one.id in wanted}


def _served(users: Collection[int]) -> list[int]:
    """Return those of the users who had a turn lately, longest ago first."""
    if len(users) < 2:
        return []
    lately = Generation.objects.filter(started_at__isnull=False).order_by("-id")
    last: dict[int, datetime] = {}
    for user_id, started_at in lately.values_list("user_id", "started_at")[:LOOK_BACK]:
        if user_id in users and started_at is not None:
            last[user_id] = max(started_at, last.get(user_id, started_at))
    return sorted(last, key=lambda user_id: last[user_id])
