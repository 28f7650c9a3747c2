"""Reads the lines of an open answer, and never waits longer than it may.

An answer may be silent for minutes before its first line (queue, loading, reading the prompt) but not afterwards,
and all of it has an end. The limits stand in `chat.conf`; passing one is `ModelStalled`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from chat import errors
from chat.conf import conf
from chat.providers.ollama.errors import translated
from chat.providers.ollama.lines import LineSplitter


class Patience:
    """Bounds every wait of one answer."""

    __slots__ = ("_loop", "_silent_until", "_until")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._until = now + conf.answer_timeout_s
        self._silent_until = now + conf.first_delta_timeout_s

    def heard(self) -> None:
        self._silent_until = self._loop.time() + conf.idle_timeout_s

    @asynccontextmanager
    async def wait(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(min(self._until, self._silent_until)):
                yield
        except TimeoutError as error:
            if self._until <= self._silent_until:
                raise errors.ModelStalled("The answer took longer than allowed. The text so far is kept.") from error
            raise errors.ModelStalled() from error


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
        with translated(begun=True):
            async with self._patience.wait():
                data = await anext(self._chunks, None)
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
