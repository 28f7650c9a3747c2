"""Reads the lines of an open answer, and never waits longer than it may.

An answer may be silent for minutes before its first line (queue, loading, reading the prompt) but not afterwards,
and all of it has an end. The limits stand in `chat.conf`; passing one is `ModelStalled`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable
from typing import Any, TypeVar, cast

import httpx

from chat import errors
from chat.conf import conf
from chat.providers.ollama.errors import from_connection
from chat.providers.ollama.lines import LineSplitter

T = TypeVar("T")


class Patience:
    """Bounds every wait of one answer, by one timer.

    The timer is set anew when it rings too early, not at every read: `asyncio.timeout` around each read cost a
    third of the CPU of reading. Whoever makes one closes it.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._idle_s = conf.idle_timeout_s
        now = self._loop.time()
        self._left_at = now
        self._until = now + conf.answer_timeout_s
        self._silent_until = now + conf.first_delta_timeout_s
        self._timer: asyncio.TimerHandle | None = None
        self._reader: asyncio.Task[Any] | None = None
        self._rang = False

    def heard(self) -> None:
        """Start the silence anew; after the first line it may be shorter than the timer is set for."""
        self._silent_until = self._loop.time() + self._idle_s
        if self._timer is not None and self._timer.when() > self._silent_until:
            self.close()

    async def wait(self, read: Awaitable[T]) -> T:
        """Await `read` as `asyncio.timeout` would; ModelStalled when it takes too long."""
        self._reader = task = cast("asyncio.Task[Any]", asyncio.current_task())
        cancelled_before = task.cancelling()
        # What the reader spent elsewhere is no silence of the model.
        self._silent_until += self._loop.time() - self._left_at
        if self._timer is None:
            self._set()
        try:
            return await read
        except asyncio.CancelledError as error:
            if self._rang and task.uncancel() <= cancelled_before:
                raise self._stalled() from error
            raise
        finally:
            self._reader = None
            self._left_at = self._loop.time()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self) -> None:
        self._timer = self._loop.call_at(min(self._until, self._silent_until), self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._reader is None:
            return  # the answer's reader is busy elsewhere; its next wait sets the timer
        if self._loop.time() < min(self._until, self._silent_until):
            self._set()
            return
        self._rang = True
        self._reader.cancel()

    def _stalled(self) -> errors.ModelStalled:
        if self._until <= self._silent_until:
            return errors.ModelStalled("The answer took longer than allowed. The text so far is kept.")
        return errors.ModelStalled()


class LineReader:
    """Gives what has arrived, as whole lines without the blank ones."""

    def __init__(self, chunks: AsyncGenerator[bytes, None], patience: Patience) -> None:
        self._chunks = chunks
        self._patience = patience
        self._splitter = LineSplitter(conf.max_line_bytes)
        self._ended = False

    async def read(self) -> list[bytes] | None:
        """Return the next lines, perhaps none yet; None at the end."""
        if self._ended:
            return None
        if self._splitter.is_too_long:
            raise errors.StreamGarbled("The model server sent a line without end. The text so far is kept.")
        try:
            data = await self._patience.wait(anext(self._chunks, None))
        except httpx.HTTPError as error:
            raise from_connection(error, begun=True) from error
        if data is None:
            self._ended = True
            return _whole(self._splitter.rest())
        lines = [line for line in self._splitter.feed(data) if line and not line.isspace()]
        if lines:
            # Bytes alone do not count: a line that never ends is silence too.
            self._patience.heard()
        return lines


def _whole(rest: bytes) -> list[bytes]:
    """Let a last line without its \\n pass if it is complete; half an object means that the stream was cut."""
    if not rest.strip():
        return []
    try:
        json.loads(rest)
    except (ValueError, RecursionError) as error:
        if rest.lstrip().startswith(b"{"):
            raise errors.StreamInterrupted() from error
        raise errors.StreamGarbled() from error
    return [rest]
