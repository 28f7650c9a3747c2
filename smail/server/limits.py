"""Requests with a limit: a body that is too large is refused while it arrives, before it fills the memory.

Daphne hands a request to Django only when its body is complete, so Django's own limits come too late.
"""

from __future__ import annotations

from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest

TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class LimitedRequest(WebRequest):
    """A request of at most `max_body_bytes`, whether it says its length or comes in chunks."""

    max_body_bytes = 0

    def gotLength(self, length: int | None) -> None:
        self._arrived = 0
        super().gotLength(0 if self._refused(length or 0) else length)

    def handleContentChunk(self, data: bytes) -> None:
        self._arrived += len(data)
        if not self._refused(self._arrived):
            super().handleContentChunk(data)

    def _refused(self, size: int) -> bool:
        if size <= self.max_body_bytes:
            return False
        transport = self.channel.transport
        if transport is not None and not transport.disconnecting:
            transport.write(TOO_LARGE)
            self.channel.loseConnection()
        return True


class LimitedFactory(HTTPFactory):
    """Makes `LimitedRequest`s."""

    def __init__(self, server: Any, *, max_body_bytes: int) -> None:
        super().__init__(server)
        self._request_class = type("Request", (LimitedRequest,), {"max_body_bytes": max_body_bytes})

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = self._request_class
        return protocol
