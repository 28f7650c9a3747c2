"""Patches: what the page shows, grown by them, is what it shall show, at the cost of the growth."""

from __future__ import annotations

import re

import pytest

from chat.rendering.grow import GrowingText, wrap
from chat.rendering.grow_patch import Grow, Place, patches
from chat.rendering.markdown import render
from tests.unit.page_model import TARGET, Page, tree

AT = re.compile(r'data-at="([^"]+)"')


def test_it_works() -> None:
    growing, page = GrowingText(TARGET), Page()
    page.apply(growing.advance("Hello"))
    page.apply(growing.advance("Hello *world*\n\nand"))
    page.apply(growing.finish("Hello *world*\n\nand all"))
    assert page.target == tree("<p>Hello <em>world</em></p><p>and all</p>")


def test_it_wraps_a_patch_for_htmx() -> None:
    assert wrap("message-a-body", Grow(1, 2, 3, "<b>x</b>")) == (
        '<template id="message-a-body" hx-swap-oob="grow" data-at="1.2.3"><b>x</b></template>'
    )


def test_it_says_nothing_when_nothing_changed() -> None:
    growing = GrowingText(TARGET)
    assert growing.advance("") == ""
    assert growing.advance("Hi")
    assert growing.advance("Hi") == ""
    assert growing.finish("Hi") == ""
    assert growing.finish("Hi") == ""


def test_plain_growth_costs_its_growth() -> None:
    growing = GrowingText(TARGET)
    growing.advance("Hello wonderful")
    assert growing.advance("Hello wonderful w") == wrap(TARGET, Grow(1, 0, 15, " w"))


def test_it_counts_utf16_units() -> None:
    growing = GrowingText(TARGET)
    growing.advance("a 😀 & b <  wonderfulx")
    sent = growing.advance("a 😀 & b <  wonderfulxy")
    assert AT.findall(sent) == [f"1.0.{len('a xx & b <  wonderfulx')}"]


@pytest.mark.parametrize("text", ["x\n\n$a^2$ and on", "x $$b$$\n", "| $a$ | b |\n|---|---|\n| $c$ | d |\n"])
def test_it_never_reaches_into_a_formula(text: str) -> None:
    growing, page = GrowingText(TARGET), Page()
    for end in range(len(text) + 1):
        sent = growing.advance(text[:end])
        page.apply(sent)
        assert not re.search(r">(?:<m(?!ath)|<msup)", sent.split("<math")[0])
    assert page.target == tree(growing.html)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<p>a</p>", "<p>ab</p>"),
        ("<p>a</p>", "<p>a</p><p>b</p>"),
        ("<p>a **b</p>", "<p>a <strong>b</strong></p><ul><li>c</li></ul>"),
        ("<ul><li>a</li></ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", "<ul><li>a<ul><li>bc</li></ul></li><li>d</li></ul><p>e</p>"),
        ("<p>a</p><p>b</p>", "<h1>a</h1><p>b</p>"),
        ("<p>a&amp;b</p>", "<p>a&lt;b</p>"),
        ("<p>a &am</p>".replace("&am", "&amp;am"), "<p>a &amp;</p>"),
        ("<p>a<br>b</p>", "<p>a<br>bc<br></p>"),
        ("<p><math><mi>x</mi></math></p>", "<p><math><mi>x</mi><mi>y</mi></math></p>"),
        ("<div><p>a</p></div><p>b</p>", "<div><p>c</p></div><p>b</p>"),
        ("<p>😀</p>", "<p>😁</p>"),
        ("<p>a</p>", ""),
        ("", "<p>a</p>"),
    ],
)
def test_patches_turn_one_into_the_other(old: str, new: str) -> None:
    page = Page()
    page.target = tree(old)
    for grow in patches(old, new):
        page.apply(wrap(TARGET, grow))
    assert page.target == tree(new)


def test_a_patch_may_begin_deep_inside() -> None:
    page = Page()
    page.target = tree("<ul><li>0</li><li>a</li></ul>")
    for grow in patches("<li>a</li>", "<li>ab</li><li>c</li>", Place(1, 1, 0)):
        page.apply(wrap(TARGET, grow))
    assert page.target == tree("<ul><li>0</li><li>ab</li><li>c</li></ul>")


TEXT = "Intro with **bold**.\n\n- one\n- two\n\n```py\nx = 1\n```\n\n| a |\n|---|\n| b |\n\nEnd [l].\n\n[l]: http://a.example\n"


@pytest.mark.parametrize("step", [1, 3, 10, 1_000])
def test_the_end_is_the_one_shot_rendering(step: int) -> None:
    growing, page = GrowingText(TARGET), Page()
    for end in range(0, len(TEXT), step):
        page.apply(growing.advance(TEXT[:end]))
        assert page.target == tree(growing.html)
    page.apply(growing.finish(TEXT))
    assert growing.html == render(TEXT)
    assert page.target == tree(render(TEXT))


def test_it_starts_anew_when_the_text_is_replaced() -> None:
    growing, page = GrowingText(TARGET), Page()
    page.apply(growing.advance("One text\n\nand more"))
    page.apply(growing.advance("One other\n\ntext"))
    assert page.target == tree("<p>One other</p><p>text</p>")


def test_it_goes_on_after_an_end() -> None:
    growing, page = GrowingText(TARGET), Page()
    page.apply(growing.finish("One\n\n- a"))
    page.apply(growing.advance("One\n\n- a\n- b"))
    page.apply(growing.finish("One\n\n- a\n- b\n\nc"))
    assert growing.html == render("One\n\n- a\n- b\n\nc")
    assert page.target == tree(growing.html)


SHAPES = {
    "list": "- item with a **few** words of text\n",
    "fence": "value = compute(1, 'two')  # three\n",
    "table": "| row | some **text** | 12 |\n",
    "text": "Words and *more* words, and `code`. ",
    "quote": "> a line of a quotation\n",
}
STARTS = {"fence": "```python\n", "table": "| a | b | c |\n|---|---|---|\n"}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("step", [4, 64])
def test_it_sends_at_most_twice_the_final_html(shape: str, step: int) -> None:
    text = (STARTS.get(shape, "") + SHAPES[shape] * 300)[:10_000]
    growing, sent = GrowingText(TARGET), 0
    for end in range(step, len(text) + step, step):
        sent += carried(growing.advance(text[:end]))
    sent += carried(growing.finish(text))
    assert sent <= 2 * len(growing.html)


def carried(fragments: str) -> int:
    return len(re.sub(r"<template id[^>]*>|</template>", "", fragments))


@pytest.mark.parametrize("shape", ["list", "fence", "table"])
def test_it_never_looks_at_finished_blocks_again(shape: str) -> None:
    """Two hundred more lines late in a long text make no more calls than the same lines early in it."""
    early, late = (calls_at(shape, items) for items in (100, 1_600))
    assert late <= early * 1.2, (early, late)


def calls_at(shape: str, items: int) -> int:
    import cProfile
    import pstats

    growing = GrowingText(TARGET)
    text = STARTS.get(shape, "") + SHAPES[shape] * items
    growing.advance(text)
    profile = cProfile.Profile()
    for size in range(0, 200 * len(SHAPES[shape]), 64):
        more = text + (SHAPES[shape] * 200)[:size]
        profile.runcall(growing.advance, more)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]
