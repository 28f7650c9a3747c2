"""Where no WebSocket gets through, the same page lives on server-sent events and form posts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Tab
from tests.e2e.conftest import Script
from tests.e2e.server import ServerProcess
from tests.e2e.wire import Wire
from tests.ollama_sim import Hang, OllamaSimThread, Wait, Words, reply

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def narrow(server: ServerProcess) -> Iterator[Wire]:
    """A network that lets no WebSocket through."""
    with Wire(server.port, no_upgrades=True) as wire:
        yield wire


@pytest.fixture
def tab(new_tab: Callable[..., Tab], narrow: Wire) -> Tab:
    return new_tab(through=narrow)


def on_events(tab: Tab, narrow: Wire) -> None:
    """Have a chat that is watched by events."""
    with tab.page.expect_response(lambda response: "/stream?" in response.url):
        tab.open().send("repeat: first")
    tab.wait_for_end()
    assert narrow.sockets_opened >= 2


def test_it_works(tab: Tab, narrow: Wire, script: Script, model_server: OllamaSimThread, server: ServerProcess) -> None:
    on_events(tab, narrow)
    script("by events", reply(Words("The first half "), Wait("by events"), Words("and the second half.")))
    tab.send("by events")
    tab.wait_for_text("The first half")
    expect(tab.status).not_to_have_attribute("data-state", "completed")
    model_server.open("by events")
    tab.wait_for_end()
    assert server.stored(tab.answer_id) == "The first half and the second half."
    expect(tab.page.locator(".message--user")).to_have_count(2)
    expect(tab.composer).to_have_value("")


def test_stop(tab: Tab, narrow: Wire, script: Script) -> None:
    on_events(tab, narrow)
    script("stop by form", reply("Some text", Hang()))
    tab.send("stop by form")
    tab.wait_for_text("Some text")
    tab.stop()
    tab.wait_for_end("stopped")


def test_cut(tab: Tab, narrow: Wire, script: Script, model_server: OllamaSimThread, server: ServerProcess) -> None:
    on_events(tab, narrow)
    script("cut events", reply(Words("Before. "), Wait("cut events"), Words("After.")))
    tab.send("cut events")
    tab.wait_for_text("Before.")
    narrow.cut()
    finished = model_server.finished
    model_server.open("cut events")
    model_server.wait_for(lambda sim: sim.finished > finished)
    narrow.repair()
    tab.wait_for_end()
    expect(tab.body).to_have_text("Before. After.")
    shown = tab.messages_spelled()
    tab.page.reload()
    assert tab.messages_spelled() == shown


def test_a_hidden_page_gives_its_connection_back(tab: Tab, narrow: Wire) -> None:
    on_events(tab, narrow)
    opened = narrow.streams_opened
    tab.page.evaluate(HIDE, True)
    with tab.page.expect_response(lambda response: "/stream?" in response.url):
        tab.page.evaluate(HIDE, False)
    assert narrow.streams_opened == opened + 1
