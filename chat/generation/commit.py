"""The group commit: what all runners of this process have gathered goes into the log in one transaction.

A runner puts payloads into its `Writer` and goes on reading; neighbouring pieces of text of one window become one
event. A window is a few milliseconds long while the process is idle and grows to `conf.window_max_s` as it gets busy
(`generation/pace`). Commits have a thread and a database
connection of their own: nothing else can hold them up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection

from chat.events.append import Appended, Batch, Outcome, append
from chat.events.nudge import doorbell
from chat.events.types import Content, Event, Payload, Thinking
from chat.generation.pace import Pace

logger = logging.getLogger(__name__)

RETRY_S = 0.5
MAX_PENDING_CHARS = 64 * 1024

Committed = Callable[[dict[int, list[Event]]], None]


class LeaseLost(Exception):
    """Another claim owns the generation now; whatever this one still has to say is void."""


class Writer:
    """What one claim of one generation has to say. Made by `GroupCommit.writer`."""

    def __init__(self, commit: GroupCommit, generation_id: int, epoch: int) -> None:
        self.generation_id = generation_id
        self.epoch = epoch
        self.lost = asyncio.Event()
        self._commit = commit
        self._pending: list[Payload] = []
        self._text: tuple[type[Content] | type[Thinking], list[str]] | None = None
        self._pending_chars = 0
        self._outcome: Outcome | None = None
        self._stored = asyncio.Event()

    def put(self, payload: Payload) -> None:
        """Say something; it is stored with the next window."""
        if self.lost.is_set():
            raise LeaseLost
        if isinstance(payload, (Content, Thinking)):
            self._put_text(type(payload), payload.chunk)
        else:
            self._close_text()
            self._pending.append(payload)
        self._commit.wake(self)

    @property
    def full(self) -> bool:
        """True while more text is pending than may be: wait for `stored`, or failing storage fills the memory."""
        return self._pending_chars > MAX_PENDING_CHARS

    async def stored(self) -> None:
        """Wait until everything said so far is stored; raise `LeaseLost` when it never will be."""
        self._stored.clear()
        self._commit.wake(self)
        await self._stored.wait()
        if self.lost.is_set():
            raise LeaseLost

    async def end(self, outcome: Outcome, *payloads: Payload) -> None:
        """Say the last things and end the generation."""
        for payload in payloads:
            self.put(payload)
        self._outcome = outcome
        await self.stored()

    def _put_text(self, kind: type[Content] | type[Thinking], chunk: str) -> None:
        if self._text is None or self._text[0] is not kind:
            self._close_text()
            self._text = (kind, [])
        self._text[1].append(chunk)
        self._pending_chars += len(chunk)

    def _close_text(self) -> None:
        if self._text is not None:
            kind, parts = self._text
            self._pending.append(kind(chunk="".join(parts)))
            self._text = None

    def take(self) -> Batch | None:
        """Return what is pending as a batch; the group commit calls this."""
        self._close_text()
        if not self._pending and self._outcome is None:
            self._stored.set()
            return None
        batch = Batch(self.generation_id, self.epoch, tuple(self._pending), self._outcome)
        self._pending, self._pending_chars, self._outcome = [], 0, None
        return batch

    def done(self, *, refused: bool) -> None:
        if refused:
            self.lost.set()
        if refused or (not self._pending and self._text is None and self._outcome is None):
            self._stored.set()


class GroupCommit:
    """One a worker. `committed` hears of every stored event, in the event loop, after the commit."""

    def __init__(self, committed: Committed) -> None:
        self._committed = committed
        self._waiting: dict[Writer, None] = {}  # in the order in which they spoke
        self._wake = asyncio.Event()
        self._pace = Pace()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="append")

    def writer(self, generation_id: int, epoch: int) -> Writer:
        return Writer(self, generation_id, epoch)

    def wake(self, writer: Writer) -> None:
        self._waiting[writer] = None
        self._wake.set()

    async def run(self) -> None:
        """Commit windows until cancelled; the last one is committed before the cancellation goes on."""
        try:
            while True:
                await self._wake.wait()
                await asyncio.sleep(self._pace.window_s())
                self._wake.clear()
                await self._commit_waiting()
        finally:
            await asyncio.shield(self._commit_waiting())
            self._thread.submit(_close_connection)
            self._thread.shutdown(wait=False)

    async def _commit_waiting(self) -> None:
        writers, self._waiting = _newest_claims(self._waiting), {}
        batches = [batch for writer in writers.values() if (batch := writer.take()) is not None]
        if not batches:
            return
        result = await self._append(batches)
        for batch in batches:
            writers[batch.generation_id].done(refused=batch.generation_id in result.refused)
        if result.events:
            self._committed(result.events)
            doorbell.ring("changes" if any(batch.outcome for batch in batches) else "events")

    async def _append(self, batches: list[Batch]) -> Appended:
        """Store the batches, however long the database is away: text that was received is not given up."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(self._thread, _append_in_thread, batches)
            except (OperationalError, InterfaceError) as error:
                logger.warning("append failed, trying again: %s", type(error).__name__)
                await asyncio.sleep(RETRY_S)
                continue
            except (DatabaseError, ValueError):  # trying again would not help, and must not hold up the others
                return await self._append_singly(batches)

    async def _append_singly(self, batches: list[Batch]) -> Appended:
        """Store batches of which one is not fit to be stored; that one's claim ends, and the next may do better."""
        if len(batches) == 1:
            logger.exception("generation %s said something that cannot be stored", batches[0].generation_id)
            return Appended(refused={batches[0].generation_id})
        result = Appended()
        for batch in batches:
            stored = await self._append([batch])
            result.events |= stored.events
            result.refused |= stored.refused
        return result


def _newest_claims(waiting: Iterable[Writer]) -> dict[int, Writer]:
    """Return the writer of each generation's newest claim; an older one of this very process has lost its own."""
    newest: dict[int, Writer] = {}
    for writer in sorted(waiting, key=lambda writer: writer.epoch):
        older, newest[writer.generation_id] = newest.get(writer.generation_id), writer
        if older is not None:
            older.done(refused=True)
    return newest


def _close_connection() -> None:
    connection.close()  # of the thread that calls it


def _append_in_thread(batches: list[Batch]) -> Appended:
    """Append with this thread's own connection, kept open; a broken one is dropped, so that the next try is fresh."""
    try:
        return append(batches)
    except DatabaseError:
        connection.close()
        close_old_connections()
        raise
