"""One a process: reads the log once for all viewers here and wakes them.

On a nudge, and every second in case one was lost, one query reads the new events of all followed generations. What
the worker of this very process has stored it takes from memory, after the commit and with the numbers checked. The
hub never waits for a viewer: feeds are woken and take what they need from the tracks.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from django.db import DatabaseError

from chat.conf import conf
from chat.events.fold import Fold
from chat.events.nudge import Kind, doorbell
from chat.events.read import fold_log, read_many, stored_as_events
from chat.events.types import Event
from chat.models import Generation
from chat.models.clock import db_now
from chat.models.work import db_work
from chat.queries.history import newer_generations
from chat.queries.queue import places
from chat.queries.sessions import ChatItem, touched_since
from chat.transports.track import Key, Track

logger = logging.getLogger(__name__)

OVERLAP = timedelta(seconds=5)  # a transaction may commit after one with a later time
KEPT_ITEMS = 10_000


class Viewer(Protocol):
    """What a feed is to the hub. `newest` is the last generation of its chat that it knows."""

    newest: int

    def wake(self) -> None: ...

    def list_changed(self, item: ChatItem) -> None: ...


class Hub:
    """`tracks` by the generation's row id. `run` must be running for anything to move but what `take` brings."""

    def __init__(self) -> None:
        self.tracks: dict[int, Track] = {}
        self._of_chat: defaultdict[int, set[int]] = defaultdict(set)
        self._watching: defaultdict[Key, set[Viewer]] = defaultdict(set)
        self._since: datetime | None = None
        self._items: dict[str, ChatItem] = {}
        self._wake = asyncio.Event()
        self._all = True
        self.draining = False

    async def run(self) -> None:
        """Read and wake until cancelled."""
        unlisten = doorbell.listen(self._nudged)
        try:
            while True:
                await self._rest()
                try:
                    await self._look()
                except DatabaseError as error:
                    logger.warning("viewers wait while the database is away: %s", type(error).__name__)
                    await asyncio.sleep(conf.tick_s)
        finally:
            unlisten()

    def take(self, events: Mapping[int, list[Event]]) -> None:
        """Take what the worker of this process has just stored."""
        for id_, of_one in events.items():
            track = self.tracks.get(id_)
            if track is None:
                continue
            if not track.take(of_one):
                self._wake.set()
            self._show(track)

    def watch(self, viewer: Viewer, key: Key) -> None:
        self._watching[key].add(viewer)
        if key[0] == "user":
            self._items.clear()  # the newcomer has not been told what the others have
        self._all = True
        self._wake.set()

    def unwatch(self, viewer: Viewer, key: Key) -> None:
        self._watching[key].discard(viewer)
        if not self._watching[key]:
            del self._watching[key]

    def count(self, key: Key) -> int:
        return len(self._watching.get(key, ()))

    def drain(self) -> None:
        """Tell every viewer to go elsewhere: this process is about to stop."""
        self.draining = True
        for viewers in list(self._watching.values()):
            for viewer in viewers:
                viewer.wake()

    def newer_tracks(self, chat_session_id: int, newest: int) -> list[Track]:
        """Return the tracks of a chat whose generations are newer than the one given, oldest first."""
        ids = self._of_chat.get(chat_session_id, ())
        return [self.tracks[id_] for id_ in sorted(ids) if id_ > newest]

    async def track(self, generation_id: int) -> Track:
        """Return the track of a generation, reading its log so far where there is none yet."""
        if generation_id not in self.tracks:
            made = await db_work(_load, generation_id)
            self.tracks.setdefault(generation_id, made)
            self._of_chat[made.generation.chat_session_id].add(generation_id)
            self._wake.set()  # for what was stored between the reading and now
        return self.tracks[generation_id]

    def _nudged(self, kind: Kind, own: bool) -> None:
        if kind == "events" and own:
            return  # `take` has them already
        self._all = self._all or kind == "changes"
        self._wake.set()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(conf.tick_s):
                await self._wake.wait()
        except TimeoutError:
            self._all = True
        self._wake.clear()

    async def _look(self) -> None:
        """Bring everything up to date that somebody watches."""
        if not self._watching:
            self.tracks.clear()
            self._of_chat.clear()
            self._since = None
            return
        everything, self._all = self._all, False
        if everything:
            await self._find_new()
            await self._move_places()
            await self._find_list_changes()
        await self._read()
        self._forget()

    async def _read(self) -> None:
        heads = {id_: track.seq for id_, track in self.tracks.items() if not track.ended}
        for id_, events in (await db_work(read_many, heads)).items():
            track = self.tracks.get(id_)
            if track is not None:
                track.take(events)
                self._show(track)

    def _show(self, track: Track) -> None:
        for key in track.keys:
            for viewer in self._watching.get(key, ()):
                viewer.wake()

    async def _find_new(self) -> None:
        """Find the generations that were begun in watched chats, in this process or another."""
        known = {
            id_: min(v.newest for v in viewers) for (what, id_), viewers in self._watching.items() if what == "chat"
        }
        for id_ in await db_work(newer_generations, known):
            self._show(await self.track(id_))

    async def _move_places(self) -> None:
        queued = [id_ for id_, track in self.tracks.items() if not track.began]
        moved = await db_work(places, queued) if queued else {}
        for id_ in queued:
            track = self.tracks.get(id_)
            if track is not None and track.move(moved.get(id_)):
                self._show(track)

    async def _find_list_changes(self) -> None:
        users = [id_ for what, id_ in self._watching if what == "user"]
        now = await db_work(db_now)
        since, self._since = self._since or now - OVERLAP, now - OVERLAP
        for user_id, items in (await db_work(touched_since, users, since)).items():
            for item in items:
                self._tell_list(user_id, item)
        if len(self._items) > KEPT_ITEMS:
            self._items.clear()

    def _tell_list(self, user_id: int, item: ChatItem) -> None:
        if self._items.get(item.id) == item:
            return
        self._items[item.id] = item
        for viewer in self._watching.get(("user", user_id), ()):
            viewer.list_changed(item)

    def _forget(self) -> None:
        """Let go of tracks that nobody watches and of those that ended some time ago."""
        for id_, track in list(self.tracks.items()):
            if track.stale() or not any(key in self._watching for key in track.keys):
                del self.tracks[id_]
                self._of_chat[track.generation.chat_session_id].discard(id_)


def _load(generation_id: int) -> Track:
    rows = Generation.objects.select_related("message__parent", "chat_session")
    generation = rows.get(pk=generation_id)
    fold = fold_log(generation_id)
    if not generation.is_open and fold.end is None:  # pruned: the numbers go on where the log ended
        stored = stored_as_events(generation)
        fold = Fold(covers=stored[0].seq - 1, model=generation.model, started_at=generation.started_at)
        fold.apply_all(stored)
    place = places([generation_id]).get(generation_id) if fold.started_at is None else None
    return Track(generation, fold, place)


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def current_hub() -> Hub:
    """Return the hub of the running event loop, which is the process's own but for tests."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        for closed in [other for other in _hubs if other.is_closed()]:
            del _hubs[closed]
        _hubs[loop] = Hub()
    return _hubs[loop]
