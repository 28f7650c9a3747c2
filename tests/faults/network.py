"""The network between viewers and a server, as a TCP proxy on this test's own event loop: it can hold and cut."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Self

NO_LINGER = struct.pack("ii", 1, 0)


class Network:
    """`async with Network(port) as network`: viewers connect to `network.url`."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._wires: set[_Wire] = set()
        self._held = False
        self.cuts = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accepted, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *problem: object) -> None:
        self._server.close()
        self._held = False
        self.cut()
        await self._group.__aexit__(None, None, None)
        await asyncio.sleep(0)  # aborted transports say goodbye in the next turn
        await self._server.wait_closed()

    def hold(self) -> None:
        """Let nothing from the server through, as a dead radio does; connections stay open."""
        self._held = True
        for wire in self._wires:
            wire.hold()

    def release(self) -> None:
        self._held = False
        for wire in self._wires:
            wire.release()

    def cut(self) -> None:
        """End every connection by RST, on both sides; what was held is lost. New connections flow."""
        self._held = False
        self.cuts += len(self._wires)
        for wire in list(self._wires):
            wire.cut()

    def _accepted(self) -> asyncio.Protocol:
        wire = _Wire(self._wires)
        self._group.create_task(self._join(wire))
        return wire.near

    async def _join(self, wire: _Wire) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: wire.far, "127.0.0.1", self._server_port)
        except OSError:
            wire.cut()
            return
        if self._held:
            wire.hold()


class _Wire:
    """One connection: the end near the viewer and the end at the server."""

    def __init__(self, wires: set[_Wire]) -> None:
        self._wires = wires
        self.near = _End(self)
        self.far = _End(self)
        self.near.other, self.far.other = self.far, self.near
        self.over = False
        wires.add(self)

    def hold(self) -> None:
        if self.far.transport is not None:
            self.far.transport.pause_reading()

    def release(self) -> None:
        if self.far.transport is not None:
            self.far.transport.resume_reading()

    def cut(self) -> None:
        self.over = True
        self._wires.discard(self)
        for end in (self.near, self.far):
            if end.transport is not None:
                end.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                end.transport.abort()

    def ended(self) -> None:
        self.over = True
        self._wires.discard(self)
        for end in (self.near, self.far):
            if end.transport is not None:
                end.transport.close()


class _End(asyncio.Protocol):
    """Passes what it gets to the other end, and keeps it while that is not there yet."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self._early: list[bytes] = []
        self.transport: asyncio.Transport | None = None
        self.other: _End

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.writelines(self._early)
        if self._wire.over:  # the viewer left while the server was being called
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self.other.take(data)

    def take(self, data: bytes) -> None:
        if self.transport is None:
            self._early.append(data)
        else:
            self.transport.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._wire.ended()
