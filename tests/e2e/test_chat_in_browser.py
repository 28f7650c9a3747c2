"""The main road in a real browser: sign in, send, watch it being written, find it again."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.browser import Tab
from tests.e2e.conftest import Script
from tests.e2e.server import PASSWORD, ServerProcess
from tests.ollama_sim import OllamaSimThread, Wait, Words, reply

TEXT = "The first paragraph stands here.\n\n- one\n- two\n\n```python\nprint('three')\n```\n\nAnd the **end**.\n"


def test_it_works(tab: Tab, script: Script, model_server: OllamaSimThread, server: ServerProcess) -> None:
    script("Tell me", reply(Words(TEXT[:20]), Wait("middle"), Words(TEXT[20:])))
    tab.open().send("Tell me")
    tab.wait_for_text("The first paragraph")
    expect(tab.status).not_to_have_attribute("data-state", "completed")
    expect(tab.composer).to_have_value("")
    model_server.open("middle")
    tab.wait_for_end()
    assert tab.body.locator("li").all_inner_texts() == ["one", "two"]
    assert server.stored(tab.answer_id) == TEXT


def test_sign_in(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(signed_in=False).open("/")
    tab.page.get_by_label("Username").fill("pat")
    tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(tab.composer).to_be_visible()


def test_the_page_after_the_stream_is_the_page_after_a_reload(tab: Tab, script: Script) -> None:
    script("Show all", reply(Words("Let me think.", "thinking"), Words(TEXT)))
    tab.open().send("Show all")
    tab.wait_for_end()
    streamed = tab.messages_spelled()
    tab.page.reload()
    assert tab.messages_spelled() == streamed
