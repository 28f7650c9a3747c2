"""Limits for what arrives: bodies and socket messages that are too large are refused before they fill the memory.

Daphne hands a request to Django only when its body is complete, so Django's own limits come too late.
"""

from __future__ import annotations

from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import reactor
from daphne.ws_protocol import WebSocketProtocol

TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LINGER_S = 5.0


class LimitedRequest(WebRequest):
    """A request of at most `max_body_bytes`, whether it says its length or comes in chunks."""

    max_body_bytes = 0
    _arrived = 0
    _over = False

    def gotLength(self, length: int | None) -> None:
        self._arrived = 0
        super().gotLength(0 if self._refused(length or 0) else length)

    def handleContentChunk(self, data: bytes) -> None:
        self._arrived += len(data)
        if not self._refused(self._arrived):
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Pass a complete request on; one that was refused has come to its end."""
        if self._over:
            self._hang_up()
        else:
            super().requestReceived(command, path, version)

    def _refused(self, size: int) -> bool:
        if size > self.max_body_bytes and not self._over:
            self._over = True
            self._refuse()
        return self._over

    def _refuse(self) -> None:
        """Say no and drop what still comes, for a while: closed at once, the sender would get a reset, not the 413."""
        self.channel.transport.write(TOO_LARGE)
        self.channel.transport.loseWriteConnection()
        reactor.callLater(LINGER_S, self._hang_up)

    def _hang_up(self) -> None:
        if self.channel is not None and self.channel.transport is not None:
            self.channel.transport.abortConnection()


class LimitedFactory(HTTPFactory):
    """Makes `LimitedRequest`s."""

    def __init__(self, server: Any, *, max_body_bytes: int) -> None:
        super().__init__(server)
        self._request_class = type("Request", (LimitedRequest,), {"max_body_bytes": max_body_bytes})

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = self._request_class
        return protocol


class LimitedSocket(WebSocketProtocol):
    """A socket whose limit is for what it receives. Autobahn's holds for sending too, so a page whose answer is longer
    than that, sent whole, would be cut off and come back for ever."""

    maxMessagePayloadSize: int

    def sendMessage(self, *args: Any, **kwargs: Any) -> None:
        limit, self.maxMessagePayloadSize = self.maxMessagePayloadSize, 0
        try:
            super().sendMessage(*args, **kwargs)
        finally:
            self.maxMessagePayloadSize = limit
