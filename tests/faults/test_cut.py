"""The way between viewer and server is cut again and again: nothing is missing, nothing comes twice."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from tests.faults.answers import assert_is_the_log, assert_is_the_page, numbered, prompt_for, script_steps
from tests.faults.network import Network
from tests.faults.processes import Site
from tests.faults.screen import squeezed
from tests.faults.viewers import PageViewer, Person, ProgramViewer, SocketViewer, StreamViewer, watching
from tests.ollama_sim import OllamaSimThread, Words

CUTS = 10
TEXT = numbered(1_500)
MARKDOWN = "".join(
    f"## Part {number}\n\nSome **bold** and `code` with a [link](https://example.org/{number}).\n\n- one\n- two\n\n"
    f"```python\nprint({number})\n```\n\n| a | b |\n| --- | --- |\n| {number} | x |\n\n"
    for number in range(30)
).strip()


@pytest.mark.parametrize("kind", [SocketViewer, StreamViewer])
async def test_a_page_comes_back(site: Site, person: Person, model: OllamaSimThread, kind: type[PageViewer]) -> None:
    """Each time: a silence in which the answer goes on, then RST. A second tab near the server sees all of it."""
    await site.serve()
    async with Network(site.port) as network:
        chat, generation = await person.send(prompt_for(TEXT))
        message = site.row(generation)["message"]
        far, near = kind(person.by(network.url), chat), SocketViewer(person, chat)
        async with AsyncExitStack() as stack:
            for viewer in (far, near):
                await viewer.open()
                await stack.enter_async_context(watching(viewer))
            for number in range(CUTS):
                had, there = len(far.text(message)), len(near.text(message))
                await far.until(lambda had=had: len(far.text(message)) > had + 150 or far.ended(message))
                network.hold()
                await near.until(lambda there=there: len(near.text(message)) > there + 300 or near.ended(message))
                assert not near.ended(message), f"the answer was over after {number} cuts"
                network.cut()
            await far.until(lambda: far.ended(message))
            await near.until(lambda: near.ended(message))
        assert far.connections == CUTS + 1 and far.gaps == 0
        assert far.text(message) == near.text(message) == squeezed(TEXT)
        for viewer in (far, near):
            await assert_is_the_page(site, viewer, generation)


async def test_a_program_comes_back(site: Site, person: Person, model: OllamaSimThread) -> None:
    await site.serve()
    async with Network(site.port) as network:
        _, generation = await person.send(prompt_for(TEXT))
        async with watching(ProgramViewer(person.by(network.url), generation)) as program:
            for _ in range(CUTS):
                had = len(program.text)
                await program.until(lambda had=had: len(program.text) > had + 300)
                network.cut()
            await program.end()
        assert program.connections == CUTS + 1
    assert program.text == TEXT
    assert_is_the_log(site, program)
    async with person.client() as client:
        path = f"/api/v1/generations/{generation}/events"
        over = await client.get(path, headers={"Last-Event-ID": program.ids[-1]})
    assert over.status_code == 204


async def test_a_page_is_loaded_at_any_moment(site: Site, person: Person, model: OllamaSimThread) -> None:
    """Pages that were rendered while the answer was written end as the page that is rendered afterwards."""
    await site.serve()
    prompt = "Show everything"
    script_steps(model, prompt, Words("Thinking of it first. " * 10, "thinking"), Words(MARKDOWN))
    chat, generation = await person.send(prompt, model="sim-thinker")
    message = site.row(generation)["message"]
    pages: list[PageViewer] = []
    async with AsyncExitStack() as stack:
        first = SocketViewer(person, chat)
        await first.open()
        await stack.enter_async_context(watching(first))
        while not first.ended(message):
            page = (StreamViewer if len(pages) % 2 else SocketViewer)(person, chat)
            await page.open()
            await stack.enter_async_context(watching(page))
            pages.append(page)
            seen = first.cursors.get(generation, 0)
            await first.until(lambda seen=seen: first.cursors.get(generation, 0) > seen + 6 or first.ended(message))
        for page in pages:
            await page.until(lambda page=page: page.ended(message))
    assert len(pages) >= 5
    for page in (first, *pages):
        await assert_is_the_page(site, page, generation)


async def test_a_tab_with_an_old_page_gets_what_came_meanwhile(
    site: Site, person: Person, model: OllamaSimThread
) -> None:
    """Turns that began and ended while a tab was away are brought to it, in order."""
    await site.serve()
    chat, first = await person.send(prompt_for("the first answer"))
    old = SocketViewer(person, chat)
    await old.open()
    async with watching(ProgramViewer(person, first)) as program:
        await program.end()
    for number in range(2):
        _, later = await person.send(prompt_for(f"answer number {number}"), chat=chat)
        async with watching(ProgramViewer(person, later)) as program:
            await program.end()
    async with watching(old):
        await old.until(lambda: old.text(site.row(later)["message"]) == "answernumber1")
    await assert_is_the_page(site, old, later)
