"""Small screens, keyboards, screen readers, people who want no motion: nobody is left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Tab
from tests.e2e.conftest import Script
from tests.ollama_sim import Hang, OllamaSimThread, Problem, Wait, Words, reply

WIDE = (
    "```python\n" + "x = " + "long_name + " * 40 + "1\n```\n\n| a | b |\n| --- | --- |\n| "
    + "cell " * 60 + " | " + "wide" * 40 + " |\n\n" + "unbroken" * 40 + "\n"
)  # fmt: skip
MOVING = """document.getAnimations()
  .filter((one) => one.playState === "running" && one.effect.getComputedTiming().duration > 1).length"""
PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 640}


@pytest.mark.parametrize("viewport", [PHONE, SMALL_PHONE], ids=["390", "360"])
def test_no_sideways_scrolling_on_a_phone(
    new_tab: Callable[..., Tab], script: Script, viewport: dict[str, int]
) -> None:
    tab = new_tab(viewport=viewport, has_touch=True, is_mobile=True).open()
    assert overflow(tab) <= 0
    script("Something wide", reply(Words(WIDE)))
    tab.composer.fill("Something wide")
    tab.page.get_by_role("button", name="Send").click()
    tab.wait_for_end()
    assert overflow(tab) <= 0


def overflow(tab: Tab) -> int:
    found: int = tab.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


def test_enter_breaks_the_line_on_a_touch_keyboard(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(viewport=PHONE, has_touch=True, is_mobile=True).open()
    tab.composer.press_sequentially("one\ntwo")
    expect(tab.composer).to_have_value("one\ntwo")


def test_keyboard_alone(tab: Tab, script: Script) -> None:
    script("By keys", reply("Typed", Hang()))
    tab.open()
    expect(tab.composer).to_be_focused()
    tab.page.keyboard.type("By")
    tab.page.keyboard.press("Shift+Enter")
    tab.page.keyboard.press("Backspace")
    tab.page.keyboard.type(" keys")
    tab.page.keyboard.press("Enter")
    tab.wait_for_text("Typed")
    reach(tab, "Stop the answer")
    tab.page.keyboard.press("Enter")
    tab.wait_for_end("stopped")
    reach(tab, "Model: sim:latest")
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("radio", name="sim:latest")).to_be_visible()
    tab.page.keyboard.press("Escape")
    tab.page.evaluate("document.activeElement.blur()")
    tab.page.keyboard.press("/")
    expect(tab.composer).to_be_focused()


def reach(tab: Tab, name: str) -> None:
    """Press Tab until the control of this name has the focus."""
    for _ in range(40):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText") == name:
            return
    raise AssertionError(f"the keyboard does not reach “{name}”")


def test_announcements_come_by_block_and_at_the_end(tab: Tab, script: Script, model_server: OllamaSimThread) -> None:
    text = "The first paragraph.\n\n```python\none\ntwo\n```\n\nThe last"
    script("Speak", reply(Words(text), Wait("speak"), Words(" paragraph.")))
    tab.open().send("Speak")
    tab.wait_for_text("The last")
    lines = tab.page.locator("#announcer p")
    expect(lines).to_have_text(["The first paragraph.", "Code, 2 lines."])
    model_server.open("speak")
    expect(lines).to_have_text(["The first paragraph.", "Code, 2 lines.", "The last paragraph.", "Answer complete."])


def test_a_failure_is_announced(tab: Tab, script: Script) -> None:
    script("Fail", reply("Some text", Problem("model runner crashed")))
    tab.open().send("Fail")
    tab.wait_for_end("failed")
    said = tab.status.locator(".status__text").inner_text()
    expect(tab.page.locator("#announcer p").last).to_have_text(said)


def test_reduced_motion(new_tab: Callable[..., Tab], script: Script) -> None:
    tab = new_tab(reduced_motion="reduce").open()
    script("Calmly", reply("Words", Hang()))
    tab.send("Calmly")
    tab.wait_for_text("Words")
    assert tab.page.evaluate(MOVING) == 0
    tab.stop()
    tab.wait_for_end("stopped")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, PHONE], ids=["desk", "phone"])
def test_axe(new_tab: Callable[..., Tab], axe: Path, script: Script, colours: str, viewport: dict[str, int]) -> None:
    tab = new_tab(color_scheme=colours, viewport=viewport, reduced_motion="reduce").open()
    assert findings(tab, axe) == []
    prompt = f"Everything, {colours}, {viewport['width']}"
    script(
        prompt, reply(Words("Hm.", "thinking"), Words(f"# Title\n\n[A link](https://example.org).\n\n{WIDE}"), Hang())
    )
    tab.send(prompt)
    tab.wait_for_text("unbroken")
    assert findings(tab, axe) == []
    tab.stop()
    tab.wait_for_end("stopped")
    assert findings(tab, axe) == []
    script(f"{prompt} fails", reply("Some text", Problem("model runner crashed")))
    tab.send(f"{prompt} fails")
    tab.wait_for_end("failed")
    assert findings(tab, axe) == []


def findings(tab: Tab, axe: Path) -> list[str]:
    """Run axe-core; evaluated rather than added as a script, which the policy would refuse."""
    tab.page.evaluate(axe.read_text())
    result = tab.page.evaluate("axe.run()")
    return [
        json.dumps([found["id"], [node["html"][:200] for node in found["nodes"]]]) for found in result["violations"]
    ]
