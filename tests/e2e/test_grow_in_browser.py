"""The patches made in Python, applied by the page's own code in a real browser through htmx."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import django_htmx
import pytest
from playwright.sync_api import Browser, Page, Route

from chat.rendering.grow import GrowingText, wrap
from chat.rendering.grow_patch import Grow
from chat.rendering.markdown import render
from tests.e2e.server import ROOT

ORIGIN = "http://page.test"
TARGET = "message-0123456789abcdefghijkl-body"
HTMX = Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js"
PAGE = f"""<!doctype html><html><head><script src="/htmx.js"></script></head>
<body hx-ext="grow"><div id="messages"><div id="{TARGET}"></div></div>
<script type="module">
  import {{ registerGrow }} from "/grow.js";
  registerGrow();
  window.show = (html) => htmx.swap("#messages", html, {{ swapStyle: "none", swapDelay: 0, settleDelay: 0 }});
  window.target = document.getElementById("{TARGET}");
</script></body></html>"""
FILES = {"/": PAGE, "/htmx.js": HTMX.read_text(), "/grow.js": (ROOT / "static/js/stream/grow.js").read_text()}

# Apply each step; return the number of the first after which the page isn't what it should be.
FIRST_WRONG = """(steps) => steps.findIndex(([fragments, html]) => {
  if (fragments) show(fragments);
  const wanted = document.createElement("div");
  wanted.id = target.id;
  wanted.innerHTML = html;
  return !target.isEqualNode(wanted);
})"""

TEXTS = {
    "prose": "# Title *x*\n\nText with **bold**, `code` & <b>, 😀 [link](https://a.example).\nMore.\n\nA $a^2$ end.",
    "lists": "Steps:\n1. **one** and\n   - in\n   - in 😀\n2. two\n\n   loose\n3. three\n\n- [x] done\n- [ ] not\n",
    "code": "Look:\n```python\nif x:\n    return '😀' < 2  # no\n```\nand\n\n```\nplain\n\n  text\n```\n",
    "table": "| a | b |\n|---|--:|\n| 1 | **x** |\n| 2 | `y` |\n\n> q\n> r\n\n$$\n\\frac{a}{b}\n$$\n\n[^1]: note\n",
    "definitions": "See [one] and [two].\n\n- [one]\n\n[one]: https://a.example\n[two]: https://b.example\n",
    "long code": "```python\n"
    + "".join(f"value_{n} = compute({n}, 'text')  # note\n" for n in range(120))
    + "```\nend",
}


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.route("**/*", answer)
    page.goto(f"{ORIGIN}/")
    page.wait_for_function("window.target")
    yield page
    page.close()


def answer(route: Route) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    kind = "text/html" if path == "/" else "text/javascript"
    route.fulfill(body=FILES.get(path, ""), content_type=f"{kind}; charset=utf-8")


def steps(text: str, size: int) -> list[tuple[str, str]]:
    growing = GrowingText(TARGET)
    found = [(growing.advance(text[:end]), growing.html) for end in range(size, len(text) + size, size)]
    return [*found, (growing.finish(text), growing.html)]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_page_shows_each_step(page: Page, name: str, size: int) -> None:
    sent = steps(TEXTS[name], size)
    assert page.evaluate(FIRST_WRONG, sent) == -1
    assert sent[-1][1] == render(TEXTS[name])


def test_selection_and_focus_in_kept_parts_live_on(page: Page) -> None:
    growing = GrowingText(TARGET)
    text = "First words.\n\n```\ncode\n```\n\nOpen para"
    page.evaluate("(html) => show(html)", growing.advance(text))
    page.evaluate("target.querySelector('button').focus(); getSelection().selectAllChildren(target.firstChild)")
    for end in range(0, 200, 5):
        page.evaluate("(html) => show(html)", growing.advance(text + " and **more** text\n\n- a\n- b\n"[: end // 5]))
    assert page.evaluate("getSelection().toString()") == "First words."
    assert page.evaluate("document.activeElement.textContent") == "Copy"


def test_the_growing_text_node_stays_the_same(page: Page) -> None:
    """A selection inside the paragraph being written lives on too."""
    growing = GrowingText(TARGET)
    page.evaluate("(html) => show(html)", growing.advance("These words are selected, "))
    page.evaluate("window.text = target.firstChild.firstChild; getSelection().setBaseAndExtent(text, 6, text, 11)")
    page.evaluate("(html) => show(html)", growing.advance("These words are selected, and these "))
    page.evaluate("(html) => show(html)", growing.advance("These words are selected, and these come **later** on"))
    assert page.evaluate("getSelection().toString()") == "words"
    assert page.evaluate("text.isConnected")


@pytest.mark.parametrize("at", [(1, 0, 0), (0, 3, 0), (0, 0, 1), (0, 0, 99)])
def test_a_patch_that_does_not_fit_changes_nothing_and_says_so(page: Page, at: tuple[int, int, int]) -> None:
    page.evaluate("window.misfits = 0; document.body.addEventListener('htmx:oobErrorNoTarget', () => misfits++)")
    page.evaluate("(html) => show(html)", wrap(TARGET, Grow(0, 0, 0, "<hr><hr>text")))
    before = page.evaluate("target.innerHTML")
    page.evaluate("(html) => show(html)", wrap(TARGET, Grow(at[0], at[1] + (at[0] == 0 and at[1] > 0), at[2], "x")))
    assert page.evaluate("target.innerHTML") == before
    assert page.evaluate("misfits") == 1


def test_it_counts_a_text_that_the_parser_cut_as_one(page: Page) -> None:
    """On a reload the browser's parser splits long texts; patches must not notice."""
    growing = GrowingText(TARGET)
    text = "```\n" + "y" * 150_000
    growing.advance(text)
    loaded = PAGE.replace(f'id="{TARGET}">', f'id="{TARGET}">{growing.html}')
    page.route(f"{ORIGIN}/long", lambda route: route.fulfill(body=loaded, content_type="text/html; charset=utf-8"))
    page.goto(f"{ORIGIN}/long")
    page.wait_for_function("window.target")
    page.evaluate("(html) => show(html)", growing.advance(text + "more"))
    page.evaluate("(html) => show(html)", growing.finish(text + "more\n```\nend"))
    assert page.evaluate("target.querySelector('code').textContent") == "y" * 150_000 + "more\n"
    assert page.evaluate("target.lastChild.outerHTML") == "<p>end</p>"


def test_text_in_a_patch_stays_text(page: Page) -> None:
    growing = GrowingText(TARGET)
    for end in range(60):
        page.evaluate(
            "(html) => show(html)", growing.advance("<img src=x onerror=window.bad=1><script>bad=1</script>"[:end])
        )
    assert page.evaluate("window.bad") is None
    assert page.evaluate("target.querySelectorAll('img, script').length") == 0
