"""One connection: reads requests, writes raw HTTP, and notices at once when the client leaves."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.ollama_sim.script import Refusal

CRLF2 = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; `json` is {} where the body is none."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    json: Mapping[str, Any] = field(default_factory=dict)


class Connection(asyncio.Protocol):
    """`serve` is run for each request and cancelled when the client is gone."""

    def __init__(
        self, serve: Callable[[Connection, Request], Coroutine[Any, Any, None]], on_change: Callable[[Connection], None]
    ) -> None:
        self._serve = serve
        self._on_change = on_change
        self._buffer = bytearray()
        self._writable = asyncio.Event()
        self._writable.set()
        self.task: asyncio.Task[None] | None = None
        self.gone = False
        self.was_backed_up = False
        self.head_sent = False

    # --- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._on_change(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._next()

    def eof_received(self) -> bool:
        self._leave()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._leave()
        self._on_change(self)

    def pause_writing(self) -> None:
        self._writable.clear()
        self._on_change(self)

    def resume_writing(self) -> None:
        self._writable.set()

    # --- the server's side

    @property
    def is_backed_up(self) -> bool:
        return not self._writable.is_set()

    async def send(self, data: bytes) -> None:
        self.transport.write(data)
        if not self._writable.is_set():
            await self._writable.wait()

    async def answer(self, refusal: Refusal) -> None:
        extra = {"Content-Type": refusal.content_type} if refusal.body or refusal.status == 200 else {}
        await self.send(_head(refusal.status, {**extra, "Content-Length": str(len(refusal.body)), **refusal.headers}))
        await self.send(refusal.body)

    async def open_stream(self, content_type: str) -> None:
        self.head_sent = True
        await self.send(_head(200, {"Content-Type": content_type, "Transfer-Encoding": "chunked"}))

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    async def end_stream(self) -> None:
        await self.send(b"0\r\n\r\n")

    def cut(self, *, reset: bool) -> None:
        """End the connection: RST needs SO_LINGER 0, else the kernel would send FIN."""
        if reset:
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()
        else:
            self.transport.close()

    # --- requests

    def _next(self) -> None:
        if self.task is not None or self.gone:
            return
        request = self._parse()
        if request is not None:
            self.head_sent = False
            self.task = asyncio.get_running_loop().create_task(self._run(request))

    async def _run(self, request: Request) -> None:
        try:
            await self._serve(self, request)
        finally:
            self.task = None
        if request.headers.get("connection", "").lower() == "close":
            self.transport.close()
        self._next()

    def _leave(self) -> None:
        if not self.gone:
            self.gone = True
            self.was_backed_up = not self._writable.is_set()
            self._writable.set()
            if self.task is not None:
                self.task.cancel()

    def _parse(self) -> Request | None:
        end = self._buffer.find(CRLF2)
        if end < 0:
            return None
        first, *lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        start = end + len(CRLF2)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            found = _unchunked(self._buffer, start)
            if found is None:
                return None
            body, stop = found
        else:
            stop = start + int(headers.get("content-length", 0))
            if len(self._buffer) < stop:
                if headers.get("expect"):
                    self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return None
            body = bytes(self._buffer[start:stop])
        del self._buffer[:stop]
        return Request(method, path.partition("?")[0], headers, body, _json(body))


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase if status != 499 else ''}".rstrip()]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append("Date: Fri, 21 Aug 2026 10:00:01 GMT")
    return "\r\n".join(lines).encode("latin-1") + CRLF2


def _unchunked(buffer: bytearray, at: int) -> tuple[bytes, int] | None:
    body = b""
    while (line_end := buffer.find(b"\r\n", at)) >= 0:
        size = int(bytes(buffer[at:line_end]).split(b";")[0], 16)
        at = line_end + 2
        if len(buffer) < at + size + 2:
            return None
        body += buffer[at : at + size]
        at += size + 2
        if size == 0:
            return body, at
    return None


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
