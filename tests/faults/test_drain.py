"""SIGTERM: every viewer is told to come back, the answer is handed back, and the next process finishes it."""

from __future__ import annotations

import signal
import time
from contextlib import AsyncExitStack

from tests.faults.answers import (
    assert_is_the_log,
    assert_is_the_page,
    beginning,
    numbered,
    prompt_for,
    reached,
    script_steps,
)
from tests.faults.processes import Site
from tests.faults.viewers import Person, ProgramViewer, SocketViewer, StreamViewer, watching
from tests.ollama_sim import OllamaSimThread, Wait

TEXT = numbered(200)
END_S = 10.0


async def test_it_ends_in_order(site: Site, person: Person, model: OllamaSimThread) -> None:
    prompt = prompt_for(TEXT)
    script_steps(model, prompt, beginning(TEXT, 0.5), Wait("gate"))
    process = await site.serve()
    chat, generation = await person.send(prompt)
    message = site.row(generation)["message"]
    socket, stream = SocketViewer(person, chat), StreamViewer(person, chat)
    program = ProgramViewer(person, generation)
    async with AsyncExitStack() as stack:
        for viewer in (socket, stream):
            await viewer.open()
        for viewer in (socket, stream, program):
            await stack.enter_async_context(watching(viewer))
        await reached(model, "gate")
        for page in (socket, stream):
            await page.until(lambda page=page: len(page.text(message)) > 500)
        await program.until(lambda: len(program.text) == len(TEXT) // 2)
        began = time.monotonic()
        process.send(signal.SIGTERM)
        assert await process.ended(END_S) == 0, process.said
        print(f"ended {time.monotonic() - began:.2f} s after SIGTERM")
        assert (socket.closes, stream.ends, program.ends) == ([4012], 1, 1)
        assert "rotate" in socket.seen and "rotate" in stream.seen
        row = site.row(generation)
        assert (row["state"], site.text(generation)) == ("queued", TEXT[: len(TEXT) // 2])
        assert "Traceback" not in process.said

        began = time.monotonic()
        await site.serve()
        await program.end()
        for page in (socket, stream):
            await page.until(lambda page=page: page.ended(message))
        print(f"complete {time.monotonic() - began:.2f} s after the next start")
    assert site.row(generation)["content"] == TEXT
    assert_is_the_log(site, program)
    await assert_is_the_page(site, socket, generation)
    await assert_is_the_page(site, stream, generation)


async def test_it_ends_at_once_when_told_twice(site: Site, person: Person, model: OllamaSimThread) -> None:
    prompt = prompt_for(TEXT)
    script_steps(model, prompt, beginning(TEXT, 0.5), Wait("gate"))
    process = await site.serve()
    chat, _ = await person.send(prompt)
    page = SocketViewer(person, chat)
    await page.open()
    async with watching(page):
        await reached(model, "gate")
        began = time.monotonic()
        process.send(signal.SIGTERM)
        await process.says("Stopping")
        process.send(signal.SIGTERM)
        await process.ended(2.0)
        print(f"ended {time.monotonic() - began:.2f} s after the first signal")


async def test_it_ends_with_nobody_there(site: Site) -> None:
    process = await site.serve()
    began = time.monotonic()
    process.send(signal.SIGINT)
    assert await process.ended(END_S) == 0
    assert time.monotonic() - began < 3, process.said
    assert "Traceback" not in process.said
