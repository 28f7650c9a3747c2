"""Long drills with the product's own leases and ticks: kills and cuts at any moment, again and again."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack

import pytest

from chat.conf import Conf
from tests.faults.answers import assert_is_the_log, assert_is_the_page, numbered, prompt_for, reached, script_steps
from tests.faults.network import Network
from tests.faults.processes import Site
from tests.faults.screen import squeezed
from tests.faults.viewers import Person, ProgramViewer, SocketViewer, StreamViewer, watching
from tests.ollama_sim import OllamaSimThread, Wait

pytestmark = pytest.mark.slow_faults

KILLS = 10
RECOVERED_S = 12.0
CUTS = 10
HOLD_S = 3.0


@pytest.fixture
def product(site: Site) -> None:
    """The product's own figures."""
    for name in ("lease_s", "renew_s", "tick_s", "max_attempts"):
        site.conf[name] = Conf.__dataclass_fields__[name].default


async def test_kills_at_any_moment(site: Site, person: Person, model: OllamaSimThread, product: None) -> None:
    """One answer, ten deaths: the whole text, each character once, and all viewers have all of it."""
    text = numbered(3_000)
    seed = random.randrange(10_000)
    print(f"seed {seed}")
    moments = random.Random(seed)
    process = await site.serve()
    chat, generation = await person.send(prompt_for(text))
    message = site.row(generation)["message"]
    pages = [SocketViewer(person, chat), StreamViewer(person, chat)]
    program = ProgramViewer(person, generation)
    waits = []
    async with AsyncExitStack() as stack:
        for page in pages:
            await page.open()
            await stack.enter_async_context(watching(page))
        await stack.enter_async_context(watching(program))
        for _ in range(KILLS):
            more = len(program.text) + moments.randrange(10, 1_500)
            await program.until(lambda more=more: len(program.text) >= more or program.has("end"), 30)
            if program.has("end"):
                break
            seen = program.text
            await process.kill()
            assert site.text(generation).startswith(seen)
            assert all(squeezed(site.text(generation)).startswith(page.text(message)) for page in pages)
            process = await site.serve()
            began = time.monotonic()
            had = len(site.text(generation))
            await program.until(lambda had=had: len(program.text) > had or program.has("end"), 30)
            waits.append(time.monotonic() - began)
        await program.end(60)
        for page in pages:
            await page.until(lambda page=page: page.ended(message), 60)
    print(f"{len(waits)} kills; new text after the start: {', '.join(f'{wait:.1f}' for wait in waits)} s")
    assert max(waits) < RECOVERED_S
    assert site.row(generation)["content"] == program.text == text
    assert_is_the_log(site, program)
    for page in pages:
        await assert_is_the_page(site, page, generation)


async def test_silences_of_seconds(site: Site, person: Person, model: OllamaSimThread, product: None) -> None:
    """Ten times in one answer nothing comes through for three seconds, and then the connection is gone."""
    model.set(tokens_per_s=60.0)
    text = numbered(1_500)
    await site.serve()
    async with Network(site.port) as network:
        chat, generation = await person.send(prompt_for(text))
        message = site.row(generation)["message"]
        viewers = [SocketViewer(person.by(network.url), chat), StreamViewer(person.by(network.url), chat)]
        program = ProgramViewer(person.by(network.url), generation)
        async with AsyncExitStack() as stack:
            for page in viewers:
                await page.open()
                await stack.enter_async_context(watching(page))
            await stack.enter_async_context(watching(program))
            for number in range(CUTS):
                for viewer in (*viewers, program):
                    await viewer.until(lambda viewer=viewer, number=number: viewer.connections == number + 1)
                had = len(program.text)
                await program.until(lambda had=had: len(program.text) > had)
                network.hold()
                await asyncio.sleep(HOLD_S)  # the silence itself is what is tried
                network.cut()
            await program.end(120)
            for page in viewers:
                await page.until(lambda page=page: page.ended(message), 60)
        assert all(viewer.connections == CUTS + 1 for viewer in (*viewers, program))
    assert program.text == text
    assert_is_the_log(site, program)
    for page in viewers:
        await assert_is_the_page(site, page, generation)


async def test_poison_ends(site: Site, person: Person, model: OllamaSimThread) -> None:
    """An answer whose processes die before its first word, again and again, ends as failed and holds up nobody."""
    prompt = prompt_for("never")
    process = await site.serve()
    for number in range(3):
        script_steps(model, prompt, Wait(f"gate {number}"))
    _, generation = await person.send(prompt)
    async with watching(ProgramViewer(person, generation)) as program:
        for number in range(3):
            await reached(model, f"gate {number}")
            await process.kill()
            process = await site.serve()
        await program.end()
    row = site.row(generation)
    assert (row["state"], row["error_code"], row["epoch"]) == ("failed", "interrupted", 3)
    _, after = await person.send(prompt_for("the next one"))
    async with watching(ProgramViewer(person, after)) as program:
        await program.end()
    assert program.text == "the next one"
