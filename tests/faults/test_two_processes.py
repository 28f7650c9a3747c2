"""A web process without a worker, and workers of their own, on one SQLite file without Redis: nudges do not cross."""

from __future__ import annotations

import asyncio
import signal
import time
from datetime import datetime

import pytest

from tests.faults.answers import (
    assert_is_the_log,
    assert_is_the_page,
    beginning,
    numbered,
    prompt_for,
    reached,
    script_steps,
)
from tests.faults.processes import Site, within
from tests.faults.viewers import Person, ProgramViewer, SocketViewer, watching
from tests.ollama_sim import OllamaSimThread, Wait, Words

TEXT = numbered(800)
LATE_S = 2.0


@pytest.fixture
def product_ticks(site: Site) -> None:
    site.conf["tick_s"] = 1.0


async def test_it_streams(site: Site, person: Person, model: OllamaSimThread, product_ticks: None) -> None:
    await site.serve(SMAIL_WORKER="none")
    site.worker()
    chat, generation = await person.send(prompt_for(TEXT))
    page = SocketViewer(person, chat)
    await page.open()
    message = site.row(generation)["message"]
    async with watching(page), watching(ProgramViewer(person, generation)) as program:
        await program.end()
        await page.until(lambda: page.ended(message))
    late = [
        arrived - datetime.fromisoformat(event["at"]).timestamp()
        for event, arrived in zip(program.events, program.arrivals, strict=True)
    ]
    print(f"the latest of {len(late)} events came {max(late):.2f} s after it was stored")
    assert max(late) < LATE_S
    assert_is_the_log(site, program)
    await assert_is_the_page(site, page, generation)


async def test_another_worker_takes_over(site: Site, person: Person, model: OllamaSimThread) -> None:
    prompt = prompt_for(TEXT)
    script_steps(model, prompt, beginning(TEXT, 0.5), Wait("gate"))
    await site.serve(SMAIL_WORKER="none")
    worker = site.worker()
    _, generation = await person.send(prompt)
    async with watching(ProgramViewer(person, generation)) as program:
        await reached(model, "gate")
        site.worker()
        await program.until(lambda: len(program.text) == len(TEXT) // 2)
        await worker.kill()
        began = time.monotonic()
        await program.until(lambda: program.has("recovered"))
        print(f"recovered {time.monotonic() - began:.1f} s after the kill; the lease is {site.conf['lease_s']} s")
        await program.end()
    assert site.row(generation)["content"] == program.text == TEXT
    assert_is_the_log(site, program)


async def test_a_worker_hands_back(site: Site, person: Person, model: OllamaSimThread) -> None:
    prompt = prompt_for(TEXT)
    site.conf["lease_s"] = 60.0  # whoever goes on has not waited for this
    script_steps(model, prompt, beginning(TEXT, 0.5), Wait("gate"))
    await site.serve(SMAIL_WORKER="none")
    worker = site.worker()
    _, generation = await person.send(prompt)
    async with watching(ProgramViewer(person, generation)) as program:
        await reached(model, "gate")
        worker.send(signal.SIGTERM)
        assert await worker.ended(10.0) == 0, worker.said
        assert site.row(generation)["state"] == "queued"
        site.worker()
        await program.end()
    assert site.row(generation)["content"] == program.text == TEXT
    assert_is_the_log(site, program)


async def test_a_frozen_worker_writes_no_more(site: Site, person: Person, model: OllamaSimThread) -> None:
    """Another has claimed before it thaws: what it still has to say is refused, and its model is left alone."""
    prompt = prompt_for(TEXT)
    start = beginning(TEXT, 0.3)
    script_steps(model, prompt, start, Wait("gate"), beginning(TEXT[len(start.text) :], 0.3), Wait("never"))
    await site.serve(SMAIL_WORKER="none")
    frozen = site.worker()
    _, generation = await person.send(prompt)
    async with watching(ProgramViewer(person, generation)) as program:
        await reached(model, "gate")
        await program.until(lambda: program.text == start.text)
        frozen.send(signal.SIGSTOP)
        model.open("gate")  # what comes now waits in its socket until it thaws
        await reached(model, "never")
        site.worker()
        await program.until(lambda: program.has("recovered"))
        frozen.send(signal.SIGCONT)
        await program.end()
        await asyncio.to_thread(model.wait_for, lambda sim: sim.cancelled == 1)
    log = site.log(generation)
    seam = next(event.seq for event in log if event.type == "recovered")
    assert {event.epoch for event in log if event.seq < seam} == {1}
    assert {event.epoch for event in log if event.seq >= seam} == {2}
    assert site.row(generation)["content"] == program.text == TEXT
    assert_is_the_log(site, program)
    assert "Traceback" not in frozen.said


async def test_a_frozen_worker_goes_on_where_nobody_has_claimed(
    site: Site, person: Person, model: OllamaSimThread
) -> None:
    prompt = prompt_for(TEXT)
    start = beginning(TEXT, 0.3)
    script_steps(model, prompt, start, Wait("gate"), Words(TEXT[len(start.text) :]))
    await site.serve(SMAIL_WORKER="none")
    frozen = site.worker()
    _, generation = await person.send(prompt)
    async with watching(ProgramViewer(person, generation)) as program:
        await reached(model, "gate")
        await program.until(lambda: program.text == start.text)
        frozen.send(signal.SIGSTOP)
        await within(site.conf["lease_s"] + 5, lambda: _lease_is_over(site, generation))
        model.open("gate")
        frozen.send(signal.SIGCONT)
        await program.end()
    assert site.row(generation)["content"] == program.text == TEXT
    assert_is_the_log(site, program)
    assert "Traceback" not in frozen.said


def _lease_is_over(site: Site, generation: str) -> bool:
    sql = "SELECT lease_expires_at < strftime('%Y-%m-%d %H:%M:%f', 'now') FROM chat_generation WHERE public_id = ?"
    return bool(site.rows(sql, generation)[0][0])
