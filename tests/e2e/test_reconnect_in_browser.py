"""Whatever happens to page and network in the middle of an answer: at the end the page has what is stored, once."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.e2e.browser import Tab
from tests.e2e.conftest import Script
from tests.e2e.server import ServerProcess
from tests.e2e.wire import Wire
from tests.ollama_sim import OllamaSimThread, Wait, Words, reply

START = "It began on a Monday. "
MIDDLE = "Much happened meanwhile, with *emphasis* and `code`, in **many** words. " * 8
END = "\n\n```python\nprint('the end')\n```\n\nThat was all.\n"
WHOLE = START + MIDDLE + END


def begun(tab: Tab, script: Script, gate: str) -> None:
    """Stand in the middle of an answer."""
    script(gate, reply(Words(START), Wait(gate), Words(MIDDLE), Wait(f"{gate} end"), Words(END)))
    tab.open().send(gate)
    tab.wait_for_text("It began on a Monday.")


def ends_well(tab: Tab, server: ServerProcess) -> None:
    """The page has the whole answer, it is what is stored, and a reload shows the same."""
    tab.wait_for_end()
    assert server.stored(tab.answer_id) == WHOLE
    shown = tab.messages_spelled()
    tab.page.reload()
    assert shown == tab.messages_spelled()


def test_reload(tab: Tab, script: Script, model_server: OllamaSimThread, server: ServerProcess) -> None:
    begun(tab, script, "reload")
    tab.page.reload()
    tab.wait_for_text("It began on a Monday.")
    model_server.open("reload")
    tab.wait_for_text("Much happened")
    tab.page.reload()
    model_server.open("reload end")
    ends_well(tab, server)


def test_second_tab(
    new_profile: Callable[..., BrowserContext],
    new_tab: Callable[..., Tab],
    script: Script,
    model_server: OllamaSimThread,
    server: ServerProcess,
) -> None:
    profile = new_profile()
    first, second = new_tab(profile), new_tab(profile)
    begun(first, script, "second tab")
    second.open(f"/chat/{first.chat_id}/")
    second.wait_for_text("It began on a Monday.")
    model_server.open("second tab")
    model_server.open("second tab end")
    for tab in (first, second):
        tab.wait_for_end()
    assert first.messages_spelled() == second.messages_spelled()
    ends_well(second, server)


def test_a_prompt_in_one_tab_appears_in_the_other(
    new_profile: Callable[..., BrowserContext], new_tab: Callable[..., Tab]
) -> None:
    profile = new_profile()
    first, second = new_tab(profile), new_tab(profile)
    first.open().send("repeat: one")
    first.wait_for_end()
    second.open(f"/chat/{first.chat_id}/").send("repeat: two")
    for tab in (first, second):
        expect(tab.page.locator(".message--assistant .message__body")).to_have_text(["one", "two"])


def test_cut(tab: Tab, script: Script, wire: Wire, model_server: OllamaSimThread, server: ServerProcess) -> None:
    begun(tab, script, "cut")
    wire.cut()
    finished = model_server.finished
    model_server.open("cut")
    model_server.open("cut end")
    expect(tab.page.locator("#connection")).to_be_visible()
    model_server.wait_for(lambda sim: sim.finished > finished)
    wire.repair()
    ends_well(tab, server)
    expect(tab.page.locator("#connection")).to_be_hidden()


def test_cut_again_and_again(
    tab: Tab, script: Script, wire: Wire, model_server: OllamaSimThread, server: ServerProcess
) -> None:
    begun(tab, script, "often")
    model_server.open("often")
    for words in range(20, 200, 20):
        tab.page.wait_for_function(
            "(length) => document.querySelector('.message--assistant .message__body').innerText.length > length",
            arg=len(START) + words,
        )
        wire.cut()
        wire.repair()
    model_server.open("often end")
    ends_well(tab, server)


def test_a_prompt_whose_confirmation_was_lost_is_sent_once(tab: Tab, wire: Wire, server: ServerProcess) -> None:
    tab.open().send("repeat: first")
    tab.wait_for_end()
    before = server.count("chat_message")
    wire.hold()
    tab.send("repeat: only once")
    expect(tab.page.locator("chat-composer")).to_have_attribute("data-sending", "")
    wire.cut()
    wire.repair()
    expect(tab.body).to_have_text("only once")
    expect(tab.composer).to_have_value("")
    tab.page.reload()
    expect(tab.page.locator(".message--user")).to_have_count(2)
    assert server.count("chat_message") == before + 2


def test_a_prompt_sent_while_cut_off_arrives_afterwards(tab: Tab, wire: Wire) -> None:
    tab.open().send("repeat: first")
    tab.wait_for_end()
    wire.cut()
    expect(tab.page.locator("chat-composer")).to_have_attribute("data-state", "offline")
    tab.send("repeat: later")
    wire.repair()
    expect(tab.body).to_have_text("later")


def test_what_came_while_away_is_there_after_the_break(
    new_profile: Callable[..., BrowserContext], new_tab: Callable[..., Tab], wire: Wire, server: ServerProcess
) -> None:
    """Prompt and answer both began and ended while this page was cut off."""
    profile = new_profile()
    here = new_tab(profile)
    here.open().send("repeat: one")
    here.wait_for_end()
    with Wire(server.port) as other_wire:
        there = new_tab(through=other_wire)
        wire.cut()
        there.open(f"/chat/{here.chat_id}/").send("repeat: two")
        there.wait_for_end()
        wire.repair()
        expect(here.page.locator(".message--assistant .message__body")).to_have_text(["one", "two"])


def test_the_back_forward_cache(tab: Tab, script: Script, model_server: OllamaSimThread, server: ServerProcess) -> None:
    begun(tab, script, "cache")
    tab.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    finished = model_server.finished
    model_server.open("cache")
    model_server.open("cache end")
    model_server.wait_for(lambda sim: sim.finished > finished)
    tab.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    ends_well(tab, server)


def test_an_open_fold_and_a_marking_stay(tab: Tab, script: Script, model_server: OllamaSimThread) -> None:
    script(
        "fold",
        reply(Words("Let me think.", "thinking"), Words("Mark these words here."), Wait("fold"), Words(" More.")),
    )
    tab.open().send("fold")
    tab.wait_for_text("Mark these words here.")
    tab.answer.locator("summary").click()
    tab.body.locator("p").first.evaluate("(p) => getSelection().setBaseAndExtent(p.firstChild, 5, p.firstChild, 16)")
    model_server.open("fold")
    tab.wait_for_end()
    expect(tab.answer.locator("details.thinking")).to_have_attribute("open", "")
    assert tab.page.evaluate("getSelection().toString()") == "these words"
