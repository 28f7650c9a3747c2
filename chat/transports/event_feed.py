"""A program's view of one generation: its events from a cursor to the end, each once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from chat.conf import conf
from chat.events.read import read, stored_as_events
from chat.events.types import Event
from chat.models import Generation
from chat.models.work import db_work
from chat.queries.sessions import ChatItem
from chat.transports.hub import Hub
from chat.transports.track import Key


class EventFeed:
    """`events` may be read once; it ends with the `end` event, or when this process is about to stop."""

    newest = 0

    def __init__(self, hub: Hub, generation_id: int, after: int) -> None:
        self._hub = hub
        self._generation_id = generation_id
        self._seq = after
        self._wake = asyncio.Event()
        self._key: Key = ("generation", generation_id)

    def wake(self) -> None:
        self._wake.set()

    def list_changed(self, item: ChatItem) -> None:
        """Lists do not matter to a program."""

    async def events(self) -> AsyncGenerator[list[Event], None]:
        """Yield what is new as it comes; an empty list after each `conf.heartbeat_s` of silence."""
        self._hub.watch(self, self._key)  # before the first look: what comes between is in both, never in none
        try:
            while not self._hub.draining:
                self._wake.clear()
                found = await self._next()
                if found:
                    self._seq = found[-1].seq
                    yield found
                if found and found[-1].is_end:
                    return
                if not found and not await self._woken():
                    yield []
        finally:
            self._hub.unwatch(self, self._key)

    async def _next(self) -> list[Event]:
        track = await self._hub.track(self._generation_id)
        kept = track.events_after(self._seq)
        if kept is None:
            kept = await db_work(_stored, self._generation_id, self._seq)
        return kept

    async def _woken(self) -> bool:
        try:
            async with asyncio.timeout(conf.heartbeat_s):
                await self._wake.wait()
        except TimeoutError:
            return False
        return True


def _stored(generation_id: int, after: int) -> list[Event]:
    """Return what the log has after `after`; where it was pruned, the message as it stands for the log."""
    events = read(generation_id, after)
    if events:
        return events
    generation = Generation.objects.select_related("message").get(pk=generation_id)
    if generation.is_open or after >= generation.last_seq:
        return []
    return [event for event in stored_as_events(generation) if event.seq > after]
