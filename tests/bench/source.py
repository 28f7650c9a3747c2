"""A model server for load: Ollama's stream at a set rate, each token a mark that says when it was written.

A mark is `w<stream>i<index>t<CLOCK_MONOTONIC in µs> `. The last message of the prompt is `<stream> <tokens>`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
MODEL = {
    "name": "load:latest",
    "model": "load:latest",
    "digest": "0" * 64,
    "size": 1,
    "details": {"family": "load", "parameter_size": "1B", "quantization_level": "Q4", "context_length": 131072},
    "capabilities": ["completion"],
}
INFO = {
    "/api/tags": {"models": [MODEL]},
    "/api/ps": {"models": [{**MODEL, "context_length": 131072}]},
    "/api/version": {"version": "0.32.15"},
}


class Source:
    def __init__(self, tokens_per_s: float) -> None:
        self._between = 1 / tokens_per_s if tokens_per_s else 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
                if path == "/api/chat":
                    await self._chat(json.loads(body), writer)
                else:
                    _answer(writer, json.dumps(INFO.get(path, {})).encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _chat(self, request: dict[str, object], writer: asyncio.StreamWriter) -> None:
        messages = request["messages"]
        assert isinstance(messages, list)
        words = str(messages[-1]["content"]).split()
        stream, tokens = (words[0], int(words[1])) if len(words) == 2 and words[1].isdigit() else ("x", 3)
        writer.write(HEAD)
        began = time.monotonic()
        for index in range(tokens):
            wait = began + index * self._between - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            elif index % 50 == 49:
                await writer.drain()
            writer.write(_line(f"w{stream}i{index}t{time.monotonic_ns() // 1000} "))
        writer.write(_line("", last=True) + b"0\r\n\r\n")
        await writer.drain()


def _line(text: str, *, last: bool = False) -> bytes:
    said: dict[str, object] = {
        "model": "load:latest",
        "created_at": "2026-08-21T10:00:01.1216Z",
        "message": {"role": "assistant", "content": text},
        "done": last,
    }
    if last:
        said |= {"done_reason": "stop", "eval_count": 1, "eval_duration": 1}
    line = json.dumps(said, separators=(",", ":")).encode() + b"\n"
    return b"%x\r\n%b\r\n" % (len(line), line)


def _answer(writer: asyncio.StreamWriter, body: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tokens-per-s", type=float, default=30)
    options = parser.parse_args()
    server = await asyncio.start_server(Source(options.tokens_per_s).serve, "127.0.0.1", options.port, backlog=2048)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
