"""The web process: Daphne's server with a gate on every stream and an orderly end.

At SIGTERM or SIGINT: no new connections; every page is told to go elsewhere and gets close code 4012, every event
stream ends cleanly; the worker stores what it has and hands its claims back; exit code 0. A second signal, or
`DRAIN_S`, ends it at once. (Stock Daphne cuts every stream and, on Python 3.11, dies by SIGSEGV in doing so.)
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import Any

from daphne.server import Server, reactor
from daphne.ws_protocol import WebSocketProtocol

from chat.conf import conf
from chat.transports.hub import current_hub
from smail import lifetime
from smail.server.gate import gate_of, release
from smail.server.limits import LimitedFactory, LimitedSocket

DRAIN_S = 5.0
WORKER_S = 8.0
SEND_S = 30.0
STEP_S = 0.05
PIECE_CHARS = 64 * 1024


class SmailServer(Server):
    """`ready` is called once it listens. `failed` holds why it could not, "" otherwise."""

    def __init__(self, application: Any, *, host: str, port: int, ready: Callable[[], None]) -> None:
        super().__init__(
            application,
            endpoints=[f"tcp:port={port}:interface={host.replace(':', chr(92) + ':')}"],
            signal_handlers=False,
            ready_callable=self._prepare,
            websocket_timeout=-1,
            websocket_max_message_size=conf.max_socket_frame_bytes,
            websocket_max_frame_size=conf.max_socket_frame_bytes,
            server_name="",
        )
        self.failed = ""
        self._ready = ready
        self._ending = False

    def _prepare(self) -> None:
        """Set up what needs the event loop; Daphne calls this just before it runs."""
        loop = asyncio.get_event_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        loop.call_soon(lifetime.start)
        for listener in self.listeners:
            listener.addCallback(lambda _: None if self.failed else self._ready())

    def run(self) -> None:
        super().run()

    def listen_success(self, port: Any) -> None:
        port.factory = LimitedFactory(self, max_body_bytes=conf.max_body_bytes)
        self.ws_factory.protocol = LimitedSocket
        super().listen_success(port)
        self._port = port

    def listen_error(self, failure: Any) -> None:
        self.failed = failure.getErrorMessage()
        self.stop()

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Pass a message on, then wait until its reader has taken enough of it."""
        streams = message["type"] == "websocket.send" or message.get("more_body")
        if not streams:
            release(protocol)
        text = message.get("text") or ""
        if len(text) > PIECE_CHARS:
            await self._send_long(protocol, text)
            return
        await super().handle_reply(protocol, message)
        if streams:
            await self._pass_gate(protocol)

    async def _send_long(self, protocol: Any, text: str) -> None:
        """Send a text as one message of many frames, each through the gate: a long answer, sent whole, would
        otherwise lie in the buffer of every reader that does not read. The feed is the only sender, so none mixes."""
        if not self._connected(protocol):
            return
        protocol.beginMessage()
        for start in range(0, len(text), PIECE_CHARS):
            protocol.sendMessageFrame(text[start : start + PIECE_CHARS].encode())
            await self._pass_gate(protocol)
        protocol.endMessage()

    async def _pass_gate(self, protocol: Any) -> None:
        gate = gate_of(protocol) if self._connected(protocol) else None
        if gate is not None and not await gate.passed(SEND_S):
            _abort(protocol)

    def protocol_disconnected(self, protocol: Any) -> None:
        gate = getattr(protocol, "smail_gate", None)
        if gate is not None:
            gate.resumeProducing()  # whoever waits at it must learn that the reader is gone
        super().protocol_disconnected(protocol)

    def kill_all_applications(self) -> Any:
        """Cancel what is left; a connection that has no application yet would make Daphne's own raise."""
        done: asyncio.Future[None] = asyncio.get_event_loop().create_future()
        done.set_result(None)
        for details in self.connections.values():
            details.setdefault("application_instance", done)
        return super().kill_all_applications()

    def _connected(self, protocol: Any) -> bool:
        return protocol in self.connections and "disconnected" not in self.connections[protocol]

    def _end(self) -> None:
        if self._ending:
            reactor.stop()
            return
        self._ending = True
        print("Stopping: pages are told to reconnect, answers are handed back.", file=sys.stderr, flush=True)
        # The root of the end, as `lifetime.start` is of the beginning.
        self._end_task = asyncio.get_event_loop().create_task(self._drain())

    async def _drain(self) -> None:
        """Let every stream end by itself within `DRAIN_S`, then the worker within `WORKER_S`."""
        self._port.stopListening()
        current_hub().drain()
        beside = lifetime.start()
        for _ in range(int(DRAIN_S / STEP_S)):
            if not any(self._busy(details) for details in self.connections.values()):
                break
            await asyncio.sleep(STEP_S)
        beside.cancel()
        await asyncio.wait([beside], timeout=WORKER_S)
        reactor.stop()

    def _busy(self, details: dict[str, Any]) -> bool:
        application = details.get("application_instance")
        return application is not None and not application.done()


def _abort(protocol: Any) -> None:
    """Cut off a reader that has taken nothing for `SEND_S`; it comes back with its cursor when it can."""
    transport = protocol.transport if isinstance(protocol, WebSocketProtocol) else protocol.channel.transport
    if transport is not None:
        transport.abortConnection()
