"""One a viewer: what this page or program has had, and what it gets next.

A page feed follows one chat of one user. It holds numbers and a few short notices, never text: frames lie in the
tracks. Each time it is woken it takes the frames that lead on from what it has sent; where those are gone, or it was
away, the whole answer goes out once, as a reset. While more than `conf.max_unacked_bytes` are not acknowledged
nothing is taken, so a slow viewer costs no more than that.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from accounts.models import User
from chat.conf import conf
from chat.errors import SmailError
from chat.events.answer import prompt_view
from chat.models import ChatSession, Generation, Message
from chat.models.work import db_work
from chat.queries import access
from chat.queries.branch import answer_view, branch_messages, newest_generations
from chat.queries.history import after_message, newest_generation_id
from chat.queries.sessions import ChatItem
from chat.rendering.fragments import chat_item_fragment, error_notice, reset, turn_appended
from chat.transports.hub import Hub
from chat.transports.track import Frame, Key, frame_text, notice_text

MAX_NOTICES = 200
ROTATE_MS = 1_000  # over which the viewers of a process that stops are spread


@dataclass(slots=True)
class _Seen:
    """How far this viewer has had a generation."""

    seq: int
    place_version: int = 0


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A chat as of one moment: what is open, what the page lacks."""

    chat_session_id: int
    newest: int
    message_ids: frozenset[str]
    open_ids: dict[str, int]
    lacking: tuple[str, ...]


class PageFeed:
    """`texts` yields JSON frames for as long as the viewer stays; the other methods may be called meanwhile."""

    def __init__(self, hub: Hub, user: User) -> None:
        self.user = user
        self.newest = 0
        self._hub = hub
        self._keys: list[Key] = []
        self._wake = asyncio.Event()
        self._notices: deque[str] = deque(maxlen=MAX_NOTICES)
        self._chat = ""
        self._chat_session_id = 0
        self._max_unacked = conf.max_unacked_bytes  # kept: settings are slow to ask
        self._heartbeat_s = conf.heartbeat_s
        self._shown: set[str] = set()
        self._seen: dict[int, _Seen] = {}
        self._unacked: deque[tuple[str, int, int]] = deque()
        self._unacked_bytes = 0
        self.acks = True

    async def open(self, chat: str, cursors: dict[str, int], last: str = "") -> None:
        """Follow this chat from these cursors on; "" follows only the list. Raise `NotFound` for a foreign chat.

        `last` is the last message the page shows, as `MESSAGE` or `MESSAGE.GENERATION`: what came after it is sent,
        and the message itself where another generation has written it meanwhile.
        """
        self.close()
        self._watch(("user", self.user.pk))
        self._chat = chat
        self._chat_session_id = 0
        self._shown = set()
        if not chat:
            return
        # The hub brings what is newer than `newest`: it must be known before the hub looks, or all of the chat comes.
        chat_session_id, self.newest = await db_work(_start, self.user, chat)
        self._chat_session_id = chat_session_id
        self._watch(("chat", chat_session_id))  # before the snapshot: what comes between is in both, never in none
        snapshot = await db_work(_snapshot, self.user, chat, tuple(cursors), last)
        self.newest, self._shown = snapshot.newest, set(snapshot.message_ids)
        self._notices.extend(snapshot.lacking)
        for public_id, id_ in snapshot.open_ids.items():
            track = await self._hub.track(id_)
            if public_id not in cursors:
                self._notices.append(track.turn().text)
            self._seen[id_] = _Seen(cursors.get(public_id, track.seq), track.place_version)
        self.wake()

    def close(self) -> None:
        """Follow nothing any more."""
        for key in self._keys:
            self._hub.unwatch(self, key)
        self._keys.clear()
        self._seen.clear()
        self._unacked.clear()
        self._unacked_bytes = 0

    def wake(self) -> None:
        self._wake.set()

    def list_changed(self, item: ChatItem) -> None:
        self._notices.append(notice_text(chat_item_fragment(item, current=self._chat)))
        self.wake()

    def say(self, error: SmailError) -> None:
        """Tell the person of an error of something they asked for."""
        body = {"type": "error", "code": error.code, "html": error_notice(error)}
        retry_after = getattr(error, "retry_after", None)
        if retry_after is not None:
            body["retry_after"] = retry_after
        self._notices.append(json.dumps(body, ensure_ascii=False, separators=(",", ":")))
        self.wake()

    def ack(self, generation: str, seq: int) -> None:
        """Note that the page has shown a generation up to `seq`."""
        waiting = [one for one in self._unacked if one[0] != generation or one[1] > seq]
        self._unacked = deque(waiting)
        self._unacked_bytes = sum(size for _, _, size in waiting)
        self.wake()

    @property
    def heads(self) -> dict[str, int]:
        """Return the newest `seq` of each open answer of the chat, by generation."""
        tracks = [self._hub.tracks[id_] for id_ in self._seen if id_ in self._hub.tracks]
        return {track.id: track.seq for track in tracks}

    @property
    def cursors(self) -> dict[str, int]:
        """Return what has been sent, by generation: where a viewer that comes back goes on."""
        tracks = self._hub.tracks
        return {tracks[id_].id: seen.seq for id_, seen in self._seen.items() if id_ in tracks}

    async def texts(self) -> AsyncGenerator[str, None]:
        """Yield frames as they come, and a heartbeat after each `conf.heartbeat_s` without one; end with `rotate`."""
        while True:
            try:
                async with asyncio.timeout(self._heartbeat_s):
                    await self._wake.wait()
            except TimeoutError:
                yield json.dumps({"type": "heartbeat", "heads": self.heads})
                continue
            self._wake.clear()
            await self._find_lost_tracks()
            for text in self._due():
                yield text
            if self._hub.draining:
                yield json.dumps({"type": "rotate", "after_ms": random.randrange(ROTATE_MS)})
                return

    async def _find_lost_tracks(self) -> None:
        """Bring back the tracks of answers that ended, and were let go of, while this viewer was slow."""
        for id_ in [id_ for id_ in self._seen if id_ not in self._hub.tracks]:
            await self._hub.track(id_)

    def _due(self) -> Iterator[str]:
        while self._notices:
            yield self._notices.popleft()
        yield from self._new_turns()
        for id_, seen in list(self._seen.items()):
            if self._full():
                return
            yield from self._due_of(id_, seen)

    def _due_of(self, id_: int, seen: _Seen) -> Iterator[str]:
        track = self._hub.tracks.get(id_)
        if track is None:
            return
        if seen.place_version != track.place_version:
            seen.place_version = track.place_version
            yield track.place_text
        track.render()
        frames = track.frames_after(seen.seq)
        for frame in frames if frames is not None else [track.whole()]:
            seen.seq = frame.seq
            self._sent(track.id, frame)
            yield frame.text
        if track.ended and seen.seq == track.seq and self._seen.get(id_) is seen:  # `open` may have come between
            del self._seen[id_]

    def _new_turns(self) -> Iterator[str]:
        """Begin with the generations that came since the last one known, oldest first."""
        for track in self._hub.newer_tracks(self._chat_session_id, self.newest):
            frame = track.whole() if track.message.public_id in self._shown else track.turn()
            self._shown.add(track.message.public_id)
            self.newest = track.generation.pk
            self._seen[self.newest] = _Seen(frame.seq, track.place_version)
            yield frame.text

    def _full(self) -> bool:
        return self.acks and self._unacked_bytes > self._max_unacked

    def _sent(self, generation: str, frame: Frame) -> None:
        if self.acks:
            self._unacked.append((generation, frame.seq, len(frame.text)))
            self._unacked_bytes += len(frame.text)

    def _watch(self, key: Key) -> None:
        self._keys.append(key)
        self._hub.watch(self, key)


def _start(user: User, chat: str) -> tuple[int, int]:
    chat_session = access.chat_session_of(user, chat)
    return chat_session.pk, newest_generation_id(chat_session)


def _snapshot(user: User, chat: str, cursors: tuple[str, ...], last: str) -> _Snapshot:
    """Return what the page must be told first; one unit of work, so that all of it is of one moment."""
    chat_session = access.chat_session_of(user, chat)
    newest = newest_generation_id(chat_session)
    messages = branch_messages(chat_session)
    generations = newest_generations([message for message in messages if message.role == Message.Role.ASSISTANT])
    open_ids = {generation.public_id: generation.pk for generation in generations.values() if generation.is_open}
    shown, _, generation_id = last.partition(".")
    later = after_message(messages, shown) if shown else []
    lacking = [
        *_ended_since(chat_session, cursors),
        *_written_anew(messages, shown, generation_id, generations),
        *_ended_turns(messages, later, generations),
    ]
    ids = frozenset(message.public_id for message in messages)
    return _Snapshot(chat_session.pk, newest, ids, open_ids, tuple(lacking))


def _ended_since(chat_session: ChatSession, cursors: tuple[str, ...]) -> Iterator[str]:
    """Yield resets for the answers that the page takes for open and that have ended."""
    rows = chat_session.generations.filter(public_id__in=cursors).select_related("message")
    for generation in rows:
        view = answer_view(generation.message)
        if not generation.is_open and not view.is_open:
            yield frame_text("reset", generation.public_id, generation.last_seq, reset(view))


def _written_anew(
    messages: Sequence[Message], shown: str, generation_id: str, generations: Mapping[int, Generation]
) -> Iterator[str]:
    """Yield the answer that the page shows as another generation wrote it, where it has been asked for again."""
    for message in messages:
        generation = generations.get(message.pk)
        if message.public_id != shown or generation is None or generation.is_open or not generation_id:
            continue
        if generation.public_id != generation_id:
            html = reset(answer_view(message))
            yield frame_text("reset", generation.public_id, generation.last_seq, html)


def _ended_turns(
    messages: Sequence[Message], later: Sequence[Message], generations: Mapping[int, Generation]
) -> Iterator[str]:
    """Yield the turns that came and ended after the last message of the page."""
    by_id = {message.pk: message for message in messages}
    for message in later:
        generation = generations.get(message.pk)
        if generation is None or generation.is_open or message.parent_id is None:
            continue
        html = turn_appended(prompt_view(by_id[message.parent_id]), answer_view(message))
        yield frame_text("reset", generation.public_id, generation.last_seq, html)
