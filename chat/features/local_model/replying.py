"""Two ways to hand an answer to a client: line by line, or whole at its end."""

from __future__ import annotations

from collections.abc import Mapping
from io import BufferedIOBase
from typing import Any, Protocol

from chat.features.local_model.refused import Refused
from chat.features.local_model.replies import Kind, delta, encode


class Sender(Protocol):
    """The part of an HTTP handler that a reply uses."""

    wfile: BufferedIOBase

    def send_response(self, code: int, message: str | None = None) -> None: ...

    def send_header(self, keyword: str, value: str) -> None: ...

    def end_headers(self) -> None: ...

    def send_json(self, status: int, value: Mapping[str, Any]) -> None: ...


class Reply(Protocol):
    """`started` tells whether an error can still have its own status; `text` is what the last line holds."""

    started: bool
    text: str

    def add(self, kind: Kind, model: str, text: str) -> None: ...

    def fail(self, text: str) -> None: ...

    def end(self, line: Mapping[str, Any]) -> None: ...


class StreamedReply:
    """NDJSON: one line, one chunk, one write; the headers go out with the first line."""

    text = ""  # the last line repeats nothing

    def __init__(self, handler: Sender) -> None:
        self._handler = handler
        self.started = False

    def add(self, kind: Kind, model: str, text: str) -> None:
        self._send_line(delta(kind, model, text))

    def fail(self, text: str) -> None:
        self.end({"error": text})

    def end(self, line: Mapping[str, Any]) -> None:
        self._send_line(line)
        self._handler.wfile.write(b"0\r\n\r\n")

    def _send_line(self, line: Mapping[str, Any]) -> None:
        if not self.started:
            self.started = True
            self._handler.send_response(200)
            self._handler.send_header("Content-Type", "application/x-ndjson")
            self._handler.send_header("Transfer-Encoding", "chunked")
            self._handler.end_headers()
        data = encode(line).encode() + b"\n"
        self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


class WholeReply:
    """`stream: false`: nothing before the end, then one object."""

    started = False  # whatever goes wrong still gets its status

    def __init__(self, handler: Sender) -> None:
        self._handler = handler
        self.text = ""

    def add(self, kind: Kind, model: str, text: str) -> None:
        self.text += text

    def fail(self, text: str) -> None:
        raise Refused(500, text)

    def end(self, line: Mapping[str, Any]) -> None:
        self._handler.send_json(200, line)
