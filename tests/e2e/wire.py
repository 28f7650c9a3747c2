"""The network between a browser and the server, as a TCP proxy that a test can cut, hold and repair."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Self

WAIT_S = 10.0
PIECE = 65_536


class Wire:
    """Listens on a port of its own. Methods may be called from any thread and have taken effect when they return."""

    def __init__(self, server_port: int, *, no_upgrades: bool = False) -> None:
        self._server_port = server_port
        self._no_upgrades = no_upgrades
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._transports: set[asyncio.WriteTransport] = set()
        self._flows = asyncio.Event()
        self._is_cut = False
        self.port = 0
        self.sockets_opened = 0
        self.streams_opened = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen)
        return self

    def __exit__(self, *exc: object) -> None:
        self._run(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)
        self._loop.close()

    def cut(self) -> None:
        """Break every connection and let no new one through."""
        self._run(self._cut)

    def repair(self) -> None:
        self._run(self._repair)

    def hold(self) -> None:
        """Keep connections open and let nothing from the server through, as a dead radio does."""
        self._run(self._hold)

    def _run(self, action: Callable[[], object]) -> None:
        async def run() -> None:
            result = action()
            if asyncio.iscoroutine(result):
                await result

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(WAIT_S)

    async def _listen(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        self._cut()
        connections = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.gather(*connections, return_exceptions=True)

    def _cut(self) -> None:
        self._is_cut = True
        self._flows.set()
        for transport in list(self._transports):
            transport.abort()

    def _repair(self) -> None:
        self._is_cut = False
        self._flows.set()

    def _hold(self) -> None:
        self._flows.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer.transport, back.transport}
        self._transports |= ends
        try:
            await asyncio.gather(self._up(reader, back), self._down(there, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass  # either side may leave at any time; that is what this is for
        finally:
            self._transports -= ends
            for transport in ends:
                transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            self.streams_opened += b"/stream?" in data.split(b"\r\n", 1)[0]
            if b"Upgrade: websocket" in data:
                self.sockets_opened += 1
                if self._no_upgrades:
                    raise ConnectionError
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            await self._flows.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
