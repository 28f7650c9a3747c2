"""`kill -9` of the serving process in the middle of an answer: what was seen is stored, and the answer goes on."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack

import pytest

from tests.faults.answers import (
    assert_is_the_log,
    assert_is_the_page,
    beginning,
    numbered,
    prompt_for,
    reached,
    script,
    script_steps,
)
from tests.faults.processes import Site
from tests.faults.screen import squeezed
from tests.faults.viewers import Person, ProgramViewer, SocketViewer, watching
from tests.ollama_sim import OllamaSimThread, Wait, Words, refuse
from tests.ollama_sim.script import Step

TEXT = numbered(200)
MOMENTS = {
    "before the first byte": (Wait("gate"),),
    "in the middle": (beginning(TEXT, 0.5), Wait("gate")),
    "before the end": (Words(TEXT), Wait("gate")),
}


@pytest.mark.parametrize("steps", MOMENTS.values(), ids=MOMENTS)
async def test_it_goes_on(site: Site, person: Person, model: OllamaSimThread, steps: tuple[Step, ...]) -> None:
    prompt = prompt_for(TEXT)
    script_steps(model, prompt, *steps)
    process = await site.serve()
    chat, generation = await person.send(prompt)
    page, program = SocketViewer(person, chat), ProgramViewer(person, generation)
    await page.open()
    message = site.row(generation)["message"]
    async with AsyncExitStack() as stack:
        for viewer in (page, program):
            await stack.enter_async_context(watching(viewer))
        written = "".join(step.text for step in steps if isinstance(step, Words))
        await reached(model, "gate")
        await program.until(lambda: program.text == written)
        await page.until(lambda: page.text(message) == squeezed(written))
        await process.kill()
        assert site.text(generation) == written
        began = time.monotonic()
        await site.serve()
        await program.end()
        await page.until(lambda: page.ended(message))
        print(f"ended {time.monotonic() - began:.1f} s after the start")
    row = site.row(generation)
    assert (row["state"], row["content"], row["epoch"], row["recoveries"]) == ("completed", TEXT, 2, 1)
    assert program.has("recovered")
    assert_is_the_log(site, program)
    await assert_is_the_page(site, page, generation)


async def test_it_drops_what_a_model_that_starts_over_says_again(
    site: Site, person: Person, model: OllamaSimThread
) -> None:
    prompt = prompt_for(TEXT)
    model.set(prefill="restart")
    script_steps(model, prompt, *MOMENTS["in the middle"])
    process = await site.serve()
    _, generation = await person.send(prompt)
    async with watching(ProgramViewer(person, generation)) as program:
        await reached(model, "gate")
        await program.until(lambda: len(program.text) == len(TEXT) // 2)
        await process.kill()
        await site.serve()
        await program.end()
    assert site.row(generation)["content"] == program.text == TEXT
    assert_is_the_log(site, program)


async def test_it_keeps_the_text_where_the_model_cannot_go_on(
    site: Site, person: Person, model: OllamaSimThread
) -> None:
    prompt = prompt_for(TEXT)
    script_steps(model, prompt, *MOMENTS["in the middle"])
    script(model, prompt, refuse(400, "Assistant response prefill is incompatible with enable_thinking."))
    process = await site.serve()
    chat, generation = await person.send(prompt)
    page = SocketViewer(person, chat)
    await page.open()
    message = site.row(generation)["message"]
    async with watching(page):
        await reached(model, "gate")
        await page.until(lambda: page.text(message) == squeezed(TEXT[: len(TEXT) // 2]))
        await process.kill()
        await site.serve()
        await page.until(lambda: page.ended(message))
    row = site.row(generation)
    assert (row["state"], row["error_code"], row["content"]) == ("failed", "model_rejected", TEXT[: len(TEXT) // 2])
    assert "Continue" in page.screen.words_of(message, "status")
    await assert_is_the_page(site, page, generation)
