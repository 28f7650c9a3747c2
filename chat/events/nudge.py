"""The doorbell: "read again", to every process that may care.

A nudge carries no content and may be lost at any time; whoever listens also looks by itself every second. In the
own process it is a call; to other processes it goes through the channel layer, from one task, so that a Redis that
is slow or gone delays nobody and fails no commit. The only module that uses the channel layer for streams.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from channels.layers import InMemoryChannelLayer, get_channel_layer
from redis.exceptions import RedisError

Kind = Literal["events", "changes"]  # the log grew | rows changed: queue, stops, titles, chats

Listener = Callable[[Kind, bool], None]  # what happened, and whether it was in this process

GROUP = "smail.nudge"
RETRY_S = 1.0
TROUBLES = (RedisError, OSError, RuntimeError, TimeoutError, ValueError)

logger = logging.getLogger(__name__)


class Doorbell:
    """One a process. `ring` may be called from any thread; listeners are called in their own event loop."""

    def __init__(self) -> None:
        self._process = uuid.uuid4().hex
        self._listeners: dict[object, tuple[asyncio.AbstractEventLoop, Listener]] = {}
        self._outgoing: tuple[asyncio.AbstractEventLoop, asyncio.Event, set[Kind]] | None = None

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Call `callback` in the running loop at each nudge; return what ends that."""
        token = object()
        self._listeners[token] = (asyncio.get_running_loop(), callback)
        return lambda: self._listeners.pop(token, None) and None

    def ring(self, kind: Kind) -> None:
        """Tell this process at once and the others soon. Never raises, never blocks."""
        self._tell(kind, own=True)
        outgoing = self._outgoing
        if outgoing is not None:
            loop, wake, kinds = outgoing
            kinds.add(kind)
            _call_in(loop, wake.set)

    def _tell(self, kind: Kind, *, own: bool) -> None:
        for loop, callback in list(self._listeners.values()):
            _call_in(loop, callback, kind, own)

    async def run(self) -> None:
        """Carry nudges to and from other processes until cancelled; with the in-memory layer there are none."""
        if isinstance(get_channel_layer(), InMemoryChannelLayer):
            await asyncio.Event().wait()
        wake: asyncio.Event = asyncio.Event()
        self._outgoing = (asyncio.get_running_loop(), wake, set())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forever(self._receive))
                group.create_task(self._forever(self._send))
        finally:
            self._outgoing = None

    async def _forever(self, step: Callable[[Any], Any]) -> None:
        """Run a step again and again; the layer's troubles are logged once each time they begin."""
        well = True
        while True:
            try:
                await step(get_channel_layer())
                well = True
            except TROUBLES as error:
                if well:
                    logger.warning("channel layer unavailable, going on without it: %s", type(error).__name__)
                well = False
                await asyncio.sleep(RETRY_S)

    async def _send(self, layer: Any) -> None:
        assert self._outgoing is not None
        _, wake, kinds = self._outgoing
        await wake.wait()
        wake.clear()
        sending = list(kinds)
        kinds.difference_update(sending)
        for kind in sending:
            async with asyncio.timeout(RETRY_S):
                await layer.group_send(GROUP, {"type": "nudge", "kind": kind, "from": self._process})

    async def _receive(self, layer: Any) -> None:
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
        try:
            while True:
                message = await layer.receive(channel)
                if message.get("from") != self._process and message.get("kind") in ("events", "changes"):
                    self._tell(message["kind"], own=False)
        finally:
            # What it raises would take the place of a cancellation, and this would never end.
            with suppress(*TROUBLES):
                async with asyncio.timeout(RETRY_S):
                    await layer.group_discard(GROUP, channel)


doorbell = Doorbell()


def _call_in(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *args: object) -> None:
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:  # that loop has just closed: nobody there to tell
        logger.debug("nudge to a closed loop dropped")
