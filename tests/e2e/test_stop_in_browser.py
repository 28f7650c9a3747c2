"""Stop: shown at once, done soon, the text that was seen stays."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.e2e.browser import Tab
from tests.e2e.conftest import Script
from tests.e2e.server import ServerProcess
from tests.e2e.wire import Wire
from tests.ollama_sim import Hang, OllamaSimThread, reply


def test_it_works(tab: Tab, script: Script, server: ServerProcess) -> None:
    script("Go on for ever", reply("Once upon a time", Hang()))
    tab.open().send("Go on for ever")
    tab.wait_for_text("Once upon a time")
    tab.stop()
    tab.wait_for_end("stopped")
    expect(tab.body).to_have_text("Once upon a time")
    assert server.stored(tab.answer_id) == "Once upon a time"
    expect(tab.page.get_by_role("button", name="Stop the answer")).to_be_hidden()
    expect(tab.page.get_by_role("button", name="Send")).to_be_visible()


def test_the_model_is_freed(tab: Tab, script: Script, model_server: OllamaSimThread) -> None:
    before = model_server.cancelled
    script("Hold the model", reply("A", Hang()))
    tab.open().send("Hold the model")
    tab.wait_for_text("A")
    tab.stop()
    model_server.wait_for(lambda sim: sim.cancelled > before)


def test_before_the_first_word(tab: Tab, script: Script) -> None:
    script("Say nothing", reply(Hang()))
    tab.open().send("Say nothing")
    tab.stop()
    tab.wait_for_end("stopped")


def test_esc(tab: Tab, script: Script) -> None:
    script("Until Esc", reply("Some words", Hang()))
    tab.open().send("Until Esc")
    tab.wait_for_text("Some words")
    tab.composer.press("Escape")
    tab.wait_for_end("stopped")


def test_in_another_tab(
    new_profile: Callable[..., BrowserContext], new_tab: Callable[..., Tab], script: Script
) -> None:
    script("Stop me elsewhere", reply("Visible in both", Hang()))
    profile = new_profile()
    first, second = new_tab(profile), new_tab(profile)
    first.open().send("Stop me elsewhere")
    first.wait_for_text("Visible in both")
    second.open(f"/chat/{first.chat_id}/")
    second.stop()
    for tab in (first, second):
        tab.wait_for_end("stopped")


def test_it_can_be_continued(tab: Tab, script: Script, server: ServerProcess) -> None:
    script("Half of it", reply("First half, ", Hang()))
    tab.open().send("Half of it")
    tab.wait_for_text("First half,")
    tab.stop()
    tab.wait_for_end("stopped")
    tab.answer.get_by_role("button", name="Continue").click()
    expect(tab.status).to_have_attribute("data-state", "completed")
    stored = server.stored(tab.answer_id)
    assert stored.startswith("First half, ")
    assert len(stored) > len("First half, ")


def test_the_wish_outlives_a_broken_connection(tab: Tab, script: Script, wire: Wire) -> None:
    script("Stop in the dark", reply("Light", Hang()))
    tab.open().send("Stop in the dark")
    tab.wait_for_text("Light")
    wire.hold()
    tab.stop()
    expect(tab.page.locator("chat-composer")).to_have_attribute("data-state", "stopping")
    wire.cut()
    wire.repair()
    tab.wait_for_end("stopped")
    expect(tab.body).to_have_text(re.compile("^Light$"))
