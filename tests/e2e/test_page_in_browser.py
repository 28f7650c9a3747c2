"""What the page does by itself: drafts, refusals, scrolling, theme, copying, notices."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Locator, expect

from tests.e2e.browser import Tab
from tests.e2e.conftest import Script
from tests.ollama_sim import OllamaSimThread, Wait, Words, reply

LONG = "A paragraph that is long enough to take a line of its own on any screen.\n\n" * 60


def test_a_draft_is_kept_for_its_chat(tab: Tab) -> None:
    tab.open().send("repeat: hello")
    tab.wait_for_end()
    tab.composer.fill("half a thou")
    tab.page.reload()
    expect(tab.composer).to_have_value("half a thou")
    tab.open("/chat/")
    expect(tab.composer).to_have_value("")


def test_too_fast_keeps_the_text_and_counts_down(tab: Tab) -> None:
    tab.open().send("repeat: 0")
    for number in range(1, 6):
        tab.wait_for_end()
        tab.send(f"repeat: {number}")
        expect(tab.body).to_have_text(str(number))
    tab.wait_for_end()
    tab.send("one too many")
    expect(tab.page.locator(".composer__error")).to_contain_text("again in")
    expect(tab.composer).to_have_value("one too many")
    expect(tab.page.locator("article.message--user")).to_have_count(6)


def test_a_first_prompt_that_cannot_be_sent_stays(tab: Tab) -> None:
    tab.open()
    tab.page.route("**/chat/messages/", lambda route: route.abort())
    tab.send("Hello?")
    expect(tab.page.locator(".composer__error")).to_have_text("The server cannot be reached. Your text is kept.")
    expect(tab.composer).to_have_value("Hello?")
    tab.page.unroute("**/chat/messages/")
    tab.composer.press("Enter")
    tab.wait_for_end()
    expect(tab.page.locator("article.message--user")).to_have_count(1)


def test_a_suggestion_is_sent(tab: Tab) -> None:
    tab.open().page.locator("[data-suggestion]").first.click()
    tab.wait_for_end()
    expect(tab.page.locator("article.message--user")).to_have_count(1)


def test_the_new_chat_gets_its_address_and_entry(tab: Tab) -> None:
    tab.open().send("repeat: hello")
    tab.wait_for_end()
    assert tab.page.url.endswith(f"/chat/{tab.chat_id}/")
    expect(tab.page.locator("#chat-list > .chat-item")).to_have_count(1)


def pane(tab: Tab) -> Locator:
    return tab.page.locator("[data-scroller]")


def distance(tab: Tab) -> int:
    found: int = pane(tab).evaluate("(one) => Math.round(one.scrollHeight - one.scrollTop - one.clientHeight)")
    return found


def test_it_follows_the_end_only_for_a_reader_at_the_end(
    tab: Tab, script: Script, model_server: OllamaSimThread
) -> None:
    script("Long", reply(LONG, Wait("scroll 1"), LONG, Wait("scroll 2"), LONG))
    tab.open().send("Long")
    tab.wait_for_text("A paragraph")
    tab.page.wait_for_function("document.querySelector('[data-scroller]').scrollTop > 0")
    assert distance(tab) <= 32
    pane(tab).hover()
    tab.page.mouse.wheel(0, -600)
    jump = tab.page.get_by_role("button", name="Jump to the end")
    expect(jump).to_be_visible()
    top = pane(tab).evaluate("(one) => one.scrollTop")
    height = pane(tab).evaluate("(one) => one.scrollHeight")
    model_server.open("scroll 1")
    tab.page.wait_for_function(
        "(height) => document.querySelector('[data-scroller]').scrollHeight > height", arg=height
    )
    assert pane(tab).evaluate("(one) => one.scrollTop") == top
    jump.click()
    expect(jump).to_be_hidden()
    model_server.open("scroll 2")
    tab.wait_for_end()
    tab.page.wait_for_function(
        "(one => one.scrollHeight - one.scrollTop - one.clientHeight < 33)(document.querySelector('[data-scroller]'))"
    )


def test_theme(tab: Tab) -> None:
    tab.open().page.locator(".sidebar__account").click()
    tab.page.get_by_role("radio", name="Dark").check(force=True)
    expect(tab.page.locator("html")).to_have_attribute("data-theme", "dark")
    tab.page.reload()
    expect(tab.page.locator("html")).to_have_attribute("data-theme", "dark")


def test_copy(new_profile: Callable[..., BrowserContext], new_tab: Callable[..., Tab], script: Script) -> None:
    profile = new_profile(permissions=["clipboard-read", "clipboard-write"])
    tab = new_tab(profile).open()
    script("Code", reply(Words("Look:\n\n```python\nif a < b:\n    print(1)\n```\n")))
    tab.send("Code")
    tab.wait_for_end()
    tab.body.locator("copy-button button").click()
    expect(tab.page.locator("#announcer p").last).to_have_text("Copied.")
    assert tab.page.evaluate("navigator.clipboard.readText()") == "if a < b:\n    print(1)"
    tab.page.get_by_role("button", name="Copy message").click()
    expect(tab.page.locator("#announcer p").last).to_have_text("Copied.")


def test_a_deleted_chat_comes_back_with_undo(tab: Tab) -> None:
    tab.open().send("repeat: keep me")
    tab.wait_for_end()
    expect(tab.page.locator("#chat-list > .chat-item")).to_have_count(1)
    tab.page.locator(".chat-item").hover()
    tab.page.locator(".chat-item__more").click()
    tab.page.get_by_role("button", name="Delete").click()
    expect(tab.page.locator("#chat-list > .chat-item")).to_have_count(0)
    tab.page.get_by_role("button", name="Undo").click()
    expect(tab.page.locator("#chat-list > .chat-item")).to_have_count(1)
