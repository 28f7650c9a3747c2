"""The HTTP side: Ollama's addresses on loopback, one thread a connection.

Nothing is sent before the first piece of text is there, so every error until then has its real status; an error
after it is the last line. A client that leaves frees the engine at its next token.
"""

from __future__ import annotations

import logging
import socket
import sys
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urlsplit

from chat.features.local_model.catalog import VERSION, Catalog
from chat.features.local_model.engine import SLOTS, Engine
from chat.features.local_model.refused import Refused
from chat.features.local_model.replies import encode, final, idle
from chat.features.local_model.replying import Reply, StreamedReply, WholeReply
from chat.features.local_model.requests import Call, check_model, parse_body, parse_chat, parse_generate
from chat.features.local_model.slots import ClientGone, Slots, is_gone
from chat.providers.ollama.address import is_loopback

MAX_WAITING = 64
MAX_BODY_BYTES = 16 * 1024 * 1024
# A connection that neither sends nor takes anything for so long is closed; a reader that stalls holds a slot.
SOCKET_TIMEOUT_S = 60.0

logger = logging.getLogger(__name__)


class ModelServer(ThreadingHTTPServer):
    """Serves one engine; connections are bounded by the queue behind `slots`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, *, engine: Engine, catalog: Catalog, max_waiting: int = MAX_WAITING):
        self.engine = engine
        self.catalog = catalog
        self.slots = Slots(SLOTS, max_waiting)
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), Handler)

    @property
    def url(self) -> str:
        host = str(self.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what a handler raised; a connection that broke is no news, and never a stack on the console."""
        if isinstance(sys.exception(), OSError):
            logger.debug("%s closed its connection", client_address)
        else:
            logger.exception("answering %s failed", client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection. Routes are tables, so that a wrong method and a wrong path differ as they do in Ollama."""

    protocol_version = "HTTP/1.1"
    timeout = SOCKET_TIMEOUT_S
    disable_nagle_algorithm = True

    @property
    def model_server(self) -> ModelServer:
        return cast(ModelServer, self.server)

    def do_GET(self) -> None:
        """Answer the questions; HEAD is the same without a body."""
        catalog = self.model_server.catalog
        pages: dict[str, Mapping[str, Any]] = {
            "/api/version": VERSION,
            "/api/tags": catalog.tags,
            "/api/ps": catalog.ps,
        }
        path = urlsplit(self.path).path
        if not self._is_local():
            self._send(403, b"", "text/plain")
        elif path == "/":
            self._send(200, b"Ollama is running", "text/plain; charset=utf-8")
        elif path in pages:
            self.send_json(200, pages[path])
        else:
            self._send_unknown(path)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Answer a request for text, or for what the model is."""
        actions: dict[str, Callable[[dict[str, Any]], None]] = {
            "/api/chat": lambda body: self._answer(parse_chat(body)),
            "/api/generate": lambda body: self._answer(parse_generate(body)),
            "/api/show": self._show,
        }
        action = actions.get(urlsplit(self.path).path)
        try:
            body = self._read_body()
            if not self._is_local():
                self._send(403, b"", "text/plain")
            elif action is None:
                self._send_unknown(urlsplit(self.path).path)
            else:
                action(parse_body(body))
        except Refused as refusal:
            self.send_json(refusal.status, {"error": refusal.text})
        except (ClientGone, OSError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)

    def send_json(self, status: int, value: Mapping[str, Any]) -> None:
        self._send(status, encode(value).encode(), "application/json; charset=utf-8")

    # --- answers --------------------------------------------------------------------------------------------

    def _show(self, body: dict[str, Any]) -> None:
        check_model(body)
        self.send_json(200, self.model_server.catalog.show)

    def _answer(self, call: Call) -> None:
        arrived = time.monotonic_ns()
        if call.idle:
            self.send_json(200, idle(call.kind, call.model, call.idle))
            return
        with self.model_server.slots.taken(self.connection):
            reply: Reply = StreamedReply(self) if call.stream else WholeReply(self)
            self._write(call, reply, arrived)

    def _write(self, call: Call, reply: Reply, arrived: int) -> None:
        waited = time.monotonic_ns() - arrived

        def emit(text: str) -> None:
            if is_gone(self.connection):
                raise ClientGone
            if text:
                reply.add(call.kind, call.model, text)

        try:
            finish = self.model_server.engine.complete(call.prompt, call.options, call.window, emit)
        except Refused as refusal:
            if not reply.started:
                raise
            reply.fail(f"an error was encountered while running the model: {refusal.text}")
            return
        total = time.monotonic_ns() - arrived
        reply.end(final(call.kind, call.model, reply.text, finish, waited_ns=waited, total_ns=total))

    # --- the wire -------------------------------------------------------------------------------------------

    def _is_local(self) -> bool:
        """Refuse pages of other sites, and names that lead here by somebody else's DNS."""
        origin = self.headers.get("Origin")
        return is_loopback(f"//{self.headers.get('Host', '')}") and (origin is None or is_loopback(origin))

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            raise Refused(413 if length.isdigit() else 411, "a body of a known size up to 16 MB is needed")
        return self.rfile.read(int(length))

    def _send_unknown(self, path: str) -> None:
        known = {"/", "/api/version", "/api/tags", "/api/ps", "/api/chat", "/api/generate", "/api/show"}
        if path in known:
            self._send(405, b"405 method not allowed", "text/plain")
        else:
            self._send(404, b"404 page not found", "text/plain")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
