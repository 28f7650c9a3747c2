"""Viewers that never read, bodies without end, many who only wait: the process stays small and serves the others."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from tests.faults.answers import assert_is_the_page, numbered, reached, script_steps
from tests.faults.processes import Site, within
from tests.faults.screen import squeezed
from tests.faults.viewers import CSRF, Person, ProgramViewer, SocketViewer, StreamViewer, watching
from tests.ollama_sim import OllamaSimThread, Text, Wait

MIB = 1024 * 1024
READERS = 8
PIECES = 100
IDLE = 60


@asynccontextmanager
async def never_read(person: Person, request: str, *then: bytes) -> AsyncIterator[socket.socket]:
    """Send a request with a small receive buffer, and then never read a byte."""
    host, port = person.url.removeprefix("http://").split(":")
    with socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(wire, (host, int(port)))
        cookies = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
        head = f"{request}\r\nHost: {host}:{port}\r\nOrigin: {person.url}\r\nCookie: {cookies}\r\n"
        await loop.sock_sendall(wire, (head + "\r\n").encode())
        for data in then:
            await loop.sock_sendall(wire, data)
        yield wire


def socket_request() -> str:
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
    return f"GET /ws/chat/ HTTP/1.1\r\n{upgrade}\r\nSec-WebSocket-Key: {key}"


def masked(said: object) -> bytes:
    """Return a WebSocket text frame as browsers send it; with a mask of zeros, which changes nothing."""
    data = json.dumps(said).encode()
    assert 126 <= len(data) < 65_536
    return b"\x81\xfe" + len(data).to_bytes(2, "big") + b"\0\0\0\0" + data


@pytest.mark.parametrize("mib", [pytest.param(1, id="1 MiB"), pytest.param(6, marks=pytest.mark.slow_faults)])
async def test_readers_that_never_read_cost_little(
    site: Site, person: Person, model: OllamaSimThread, mib: int
) -> None:
    """The same answer first without them: what one costs by itself, and is kept some seconds, is not theirs."""
    process = await site.serve(SMAIL_MAX_RESPONSE_CHARS=str(20 * MIB))
    at_first = process.memory()
    await _write_long(site, person, model, mib, readers=0)
    before = process.memory()
    alone = before - at_first
    spent = await _write_long(site, person, model, mib, readers=READERS)
    grown = process.memory() - before
    print(
        f"{mib} MiB in {spent:.1f} s: memory grew by {alone / MIB:.1f} MiB, with {3 * READERS} stalled readers ", end=""
    )
    print(f"by {grown / MIB:.1f} MiB more")
    assert grown < 64 * MIB + 2 * alone


async def _write_long(site: Site, person: Person, model: OllamaSimThread, mib: int, *, readers: int) -> float:
    """Have a long answer written to two who read and to many who do not; return the seconds it took."""
    text = numbered(mib * MIB // 7)
    step = len(text) // PIECES + 1
    pieces = [Text(text[start : start + step]) for start in range(0, len(text), step)]
    prompt, gate = f"long for {readers}", f"start {readers}"
    script_steps(model, prompt, Wait(gate), *pieces)
    chat, generation = await person.send(prompt)
    message = site.row(generation)["message"]
    page = SocketViewer(person, chat)
    await page.open()
    opening = masked({"do": "open", "chat": chat, "cursors": page.cursors, "last": page.screen.last, "pad": "x" * 100})
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(watching(page))
        program = await stack.enter_async_context(watching(ProgramViewer(person, generation)))
        for _ in range(readers):
            await stack.enter_async_context(never_read(person, socket_request(), opening))
            for path in (f"/api/v1/generations/{generation}/events", f"/chat/{chat}/stream"):
                await stack.enter_async_context(never_read(person, f"GET {path} HTTP/1.1"))
        await reached(model, gate)
        await page.until(lambda: "hello" in page.seen)
        began = time.monotonic()
        model.open(gate)
        await program.end(60.0 * mib)
        await page.until(lambda: page.ended(message), 60.0 * mib)
        spent = time.monotonic() - began
        assert program.text == text and page.text(message) == squeezed(text)
        assert page.connections == program.connections == 1
    return spent


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
async def test_it_refuses_a_body_without_end(site: Site, person: Person, chunked: bool) -> None:
    process = await site.serve()
    await person.page("")
    before, top = process.memory(), 0
    piece, count = b"x" * MIB, 64

    async def body() -> AsyncIterator[bytes]:
        nonlocal top
        for _ in range(count):
            top = max(top, process.memory())
            yield piece

    headers = {"X-CSRFToken": CSRF, "Content-Type": "application/json"}
    if not chunked:
        headers["Content-Length"] = str(count * len(piece))
    status = None
    async with person.client() as client:
        try:
            status = (await client.post("/api/v1/chat/message/stream", content=body(), headers=headers)).status_code
        except httpx.HTTPError as error:
            print(f"cut while sending: {error!r}")
    grown = max(top, process.memory()) - before
    print(f"answered {status}; memory grew by {grown / MIB:.1f} MiB")
    assert status == 413
    assert grown < 16 * MIB
    assert "writing" not in await person.page("")


async def test_those_who_wait_hold_no_connections(site: Site, person: Person, model: OllamaSimThread) -> None:
    process = await site.serve()
    script_steps(model, "wait", Text("It begins."), Wait("gate"))
    chat, generation = await person.send("wait")
    message = site.row(generation)["message"]
    makers: list[Callable[[], StreamViewer | ProgramViewer]] = [
        lambda: StreamViewer(person, chat),
        lambda: ProgramViewer(person, generation),
    ]
    async with AsyncExitStack() as stack:
        viewers: list[StreamViewer | ProgramViewer] = []
        for number in range(2 * IDLE):
            viewer = makers[number % 2]()
            if isinstance(viewer, StreamViewer):
                await viewer.open()
            viewers.append(await stack.enter_async_context(watching(viewer)))
            await viewer.until(lambda viewer=viewer: viewer.connections == 1)
            if number == 9:
                few = process.open_files(site.database)
        await within(5, lambda: process.open_files(site.database) <= 16)
        many = process.open_files(site.database)
        print(f"{many} connections with {2 * IDLE} viewers, {few} with 10; {process.threads()} threads")
        model.open("gate")
        for viewer in viewers:
            if isinstance(viewer, StreamViewer):
                await viewer.until(lambda viewer=viewer: viewer.ended(message))
            else:
                await viewer.end()
    assert (await person.page(chat)).count("It begins.") >= 1


async def test_a_page_that_was_away_gets_a_long_answer_whole(
    site: Site, person: Person, model: OllamaSimThread
) -> None:
    """More than a message from a page may have: that limit is for what comes in."""
    await site.serve(SMAIL_MAX_RESPONSE_CHARS=str(3 * MIB))
    text = numbered(2 * MIB // 7)
    script_steps(model, "long", Wait("start"), Text(text))
    chat, generation = await person.send("long")
    page = SocketViewer(person, chat)
    await page.open()
    async with watching(ProgramViewer(person, generation)) as program:
        model.open("start")
        await program.end()
    async with watching(page):
        await page.until(lambda: page.ended(site.row(generation)["message"]))
    assert page.connections == 1
    await assert_is_the_page(site, page, generation)
