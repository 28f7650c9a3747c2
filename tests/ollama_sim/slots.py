"""The places at a model: first come, first served, and whoever leaves the queue is skipped."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Slots:
    """`limit` is asked each time, so that a test may change it."""

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._queue: deque[asyncio.Future[None]] = deque()
        self._idle = asyncio.Event()
        self._idle.set()
        self.used = 0

    async def take(self) -> None:
        if self.used < self._limit() and not self._queue:
            self._use()
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._queue:
                self._queue.remove(turn)
            elif not turn.cancelled():
                self.give()  # its turn had just come
            raise

    def give(self) -> None:
        self.used -= 1
        if self.used == 0:
            self._idle.set()
        while self._queue and self.used < self._limit():
            turn = self._queue.popleft()
            if not turn.done():  # a cancelled one is skipped
                self._use()
                turn.set_result(None)

    async def idle(self) -> None:
        """Wait until nobody uses the model, as a reload does."""
        while self.used:
            await self._idle.wait()

    def _use(self) -> None:
        self.used += 1
        self._idle.clear()
