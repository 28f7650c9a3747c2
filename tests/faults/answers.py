"""Answers whose every piece can be told from every other, and how the model is made to write them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from difflib import unified_diff
from typing import Any

from tests.faults.processes import Site
from tests.faults.screen import squeezed
from tests.faults.viewers import PageViewer, ProgramViewer
from tests.ollama_sim import OllamaSimThread
from tests.ollama_sim.script import Item, Step, Words, reply
from tests.ollama_sim.wire import Request

WORDS_IN_A_PARAGRAPH = 40


def numbered(words: int) -> str:
    """Return a text of numbered words in paragraphs: a hole, a repeat or a swap in it shows."""
    lines = [
        " ".join(f"w{number:05}" for number in range(start, min(start + WORDS_IN_A_PARAGRAPH, words)))
        for start in range(0, words, WORDS_IN_A_PARAGRAPH)
    ]
    return "\n\n".join(lines)


def prompt_for(text: str) -> str:
    """Return the prompt to which the model answers this text, and of which it continues any beginning."""
    return f"repeat: {text}"


def script(model: OllamaSimThread, prompt: str, item: Item) -> None:
    """Answer the next request of this prompt so; a request for a title has another one."""
    model.script(item, when=lambda request: asks(request, prompt))


def script_steps(model: OllamaSimThread, prompt: str, *steps: Step) -> None:
    script(model, prompt, reply(*steps))


def asks(request: Request, prompt: str) -> bool:
    messages: list[Mapping[str, Any]] = request.json.get("messages") or []
    return any(message.get("role") == "user" and message.get("content") == prompt for message in messages)


def beginning(text: str, share: float) -> Words:
    return Words(text[: int(len(text) * share)])


async def reached(model: OllamaSimThread, gate: str, seconds: float = 20.0) -> None:
    """Wait until an answer stands before this gate."""
    await asyncio.to_thread(model.wait_for, lambda sim: sim.gate(gate).waiting > 0, seconds)


def assert_is_the_log(site: Site, viewer: ProgramViewer) -> None:
    """The program has had every event of the log once, in order and as it is stored; one `end`, the last."""
    log = site.log(viewer.generation)
    had = [{name: value for name, value in event.items() if name != "at"} for event in viewer.events]
    assert had == [{"type": event.type, **event.data, "seq": event.seq} for event in log]
    assert viewer.ids == [f"{viewer.generation}.{number}" for number in range(1, len(log) + 1)]
    assert [event.type for event in log].count("end") == 1 and log[-1].type == "end"


async def assert_is_the_page(site: Site, viewer: PageViewer, generation: str) -> None:
    """The tab shows the same DOM as a tab that is opened now; for a text of plain words, also what is stored."""
    difference = await _difference(site, viewer)
    assert not difference, difference
    stored = site.row(generation)
    if stored["content"].startswith("w00000"):
        assert viewer.text(stored["message"]) == squeezed(stored["content"])
        assert viewer.screen.shrank == []


async def assert_becomes_the_page(site: Site, viewer: PageViewer, generation: str, seconds: float = 5.0) -> None:
    """The same for a tab that still watches: what is on its way may come first."""
    end = time.monotonic() + seconds
    while await _difference(site, viewer) and time.monotonic() < end:
        pass
    await assert_is_the_page(site, viewer, generation)


async def _difference(site: Site, viewer: PageViewer) -> str:
    """Say in which lines the tab and one that is opened now differ."""
    fresh = type(viewer)(viewer.person.by(site.url), viewer.chat)
    await fresh.open()
    shown, wanted = viewer.screen.show().split("\n"), fresh.screen.show().split("\n")
    return "\n".join(unified_diff(shown, wanted, "shown", "reloaded", n=0, lineterm=""))
