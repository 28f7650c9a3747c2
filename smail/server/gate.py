"""Back-pressure: the application's `send` waits while the socket's buffer is full.

Stock Daphne queues without end: a laptop asleep on a long answer filled the server's memory (100 MB pushed to a
reader that never read; with the gate 2 MB). Twisted tells a registered producer when its 64 KiB buffer is full.
"""

from __future__ import annotations

import asyncio
from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer


@implementer(IPushProducer)
class Gate:
    """Open while the buffer has room."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    def pauseProducing(self) -> None:
        self._open.clear()

    def resumeProducing(self) -> None:
        self._open.set()

    stopProducing = resumeProducing

    async def passed(self, seconds: float) -> bool:
        """Wait until the buffer has room; False when it has had none for that long."""
        if self._open.is_set():
            return True
        try:
            async with asyncio.timeout(seconds):
                await self._open.wait()
        except TimeoutError:
            return False
        return True


def gate_of(protocol: Any) -> Gate | None:
    """Return the gate of a connection, registered with its transport at the first call; None once it is gone."""
    gate: Gate | None = getattr(protocol, "smail_gate", None)
    if gate is not None:
        return gate
    gate = Gate()
    if isinstance(protocol, WebSocketProtocol):
        if protocol.transport is None:
            return None
        protocol.transport.unregisterProducer()
        protocol.transport.registerProducer(gate, True)
    elif protocol.channel is None or protocol.finished:
        return None
    else:
        protocol.registerProducer(gate, True)
    protocol.smail_gate = gate
    return gate


def release(protocol: Any) -> None:
    """Let go of a finished HTTP response: Twisted ends it only without a producer."""
    if getattr(protocol, "smail_gate", None) is not None and not isinstance(protocol, WebSocketProtocol):
        protocol.smail_gate = None
        if protocol.channel is not None:  # the reader may have left with the last piece
            protocol.unregisterProducer()
