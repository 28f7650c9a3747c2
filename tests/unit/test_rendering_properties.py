"""For any Markdown, however it comes: the page at each step is what the text says, and at the end the one-shot HTML."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chat.rendering.blocks import Blocks, blocks, has_definitions
from chat.rendering.grow import GrowingText
from chat.rendering.markdown import render
from chat.rendering.markdown_parser import blocks_of
from chat.rendering.sanitise import visible
from tests.unit.page_model import TARGET, Page, tree
from tests.unit.safe_html import assert_safe

words = st.sampled_from(
    ["word", "Some more words", "**bold**", "*soft*", "`code`", "~~gone~~", "[link](https://a.example/x)", "$x^2$",
     "https://a.example", "<b onclick=x>", "</div>", "&amp;", "&", "é😀", "\u200d", "[^1]", "**open", "`open", "$5",
     "![i](http://a.example/i)", "<script>", "\\*", "_a_", "[x][y]", "\\(a\\)"]
)  # fmt: skip
phrase = st.lists(words, min_size=1, max_size=6).map(" ".join)
paragraph = st.lists(phrase, min_size=1, max_size=3).map("\n".join)
heading = st.tuples(st.sampled_from(["# ", "### ", "####### "]), phrase).map("".join)
code_line = st.sampled_from(
    ["import os", "def f(x):", "    return '''", "", "# note", "'''", "```x", "<script>", "\tx"]
)
code = st.lists(code_line, max_size=8).map("\n".join)
listing = st.tuples(
    st.sampled_from(["```\n", "```python\n", "~~~~ js\n", " ```\n"]), code, st.sampled_from(["\n```", "", "\n~~~~"])
)
listing = listing.map("".join)
row = st.lists(phrase, min_size=1, max_size=3).map(lambda cells: "| " + " | ".join(cells) + " |")
table = st.tuples(st.just("| a | b |\n|---|:-:|"), st.lists(row, max_size=4)).map(
    lambda parts: "\n".join([parts[0], *parts[1]])
)
math = st.sampled_from(["$$\na+b\n$$", "$$x$$", "\\[\ny\n\\]", "$$\nopen", "$$\n- a\n$$"])
marks = st.sampled_from(["- ", "* ", "1. ", "2. ", "10. ", "- [ ] ", "+ ", "1) ", "-   "])
junk = st.sampled_from(
    ["---", "***", "===", ">", "-", "1.", "|", "[y]: http://b.example", "[^1]: note", "    code", "\t", "$$", "\r"]
)


def indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def items(body: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    item = st.tuples(marks, body.map(indented)).map("".join)
    return st.tuples(st.lists(item, min_size=1, max_size=4), st.sampled_from(["\n", "\n", "\n\n"])).map(
        lambda parts: parts[1].join(parts[0])
    )


def quoted(text: str) -> str:
    return "> " + text.replace("\n", "\n> ")


block = st.recursive(
    st.one_of(paragraph, heading, listing, table, math, junk),
    lambda inner: st.one_of(items(inner), inner.map(quoted), st.tuples(items(phrase), inner).map("\n\n  ".join)),
    max_leaves=5,
)
glue = st.sampled_from(["\n\n", "\n\n", "\n", "\n\n\n", "\n \n"])
document = st.lists(st.tuples(block, glue).map("".join), max_size=5).map("".join)
noise = st.text(alphabet="ab *_`~[]()<>|#-+=$\\\n\n\t1.:&!^é😀\u200d\r", max_size=60)
markdown = st.one_of(document, document, st.tuples(document, noise, document).map("".join))
cuts = st.lists(st.integers(1, 40), min_size=1, max_size=8)
exhaustive = settings(max_examples=150, deadline=None)
# These look at every step of each text.
stepwise = settings(max_examples=60, deadline=None)


def pieces(text: str, sizes: list[int]) -> list[str]:
    """Return the growing beginnings of `text`, the sizes used over and over."""
    ends, end = [], 0
    while end < len(text):
        end += sizes[len(ends) % len(sizes)]
        ends.append(text[:end])
    return ends


@stepwise
@given(markdown, cuts)
def test_the_page_shows_each_step_and_ends_in_the_one_shot_html(text: str, sizes: list[int]) -> None:
    growing, page = GrowingText(TARGET), Page()
    for so_far in pieces(text, sizes):
        page.apply(growing.advance(so_far))
        assert growing.html == blocks(so_far).html
        assert page.target == tree(growing.html)
        assert_safe(growing.html)
    page.apply(growing.finish(text))
    assert growing.html == render(text)
    assert page.target == tree(render(text))


@exhaustive
@given(markdown, cuts)
def test_blocks_do_not_depend_on_the_cuts(text: str, sizes: list[int]) -> None:
    text = visible(text)
    state, fed = Blocks(), 0
    for so_far in pieces(text, sizes):
        state.feed(so_far[fed:])
        fed = len(so_far)
    assert state.html == blocks(text).html


@exhaustive
@given(markdown)
def test_rendering_block_by_block_is_rendering_the_whole(text: str) -> None:
    text = visible(text)
    if not has_definitions(text):
        assert render(text) == "".join(blocks_of(text + "\n"))


@stepwise
@given(markdown, markdown, cuts)
def test_a_replaced_text_ends_right_too(old: str, new: str, sizes: list[int]) -> None:
    growing, page = GrowingText(TARGET), Page()
    for so_far in [*pieces(old, sizes), *pieces(new, sizes)]:
        page.apply(growing.advance(so_far))
        assert page.target == tree(growing.html)
    page.apply(growing.finish(new))
    assert page.target == tree(render(new))


@exhaustive
@given(st.text(max_size=80))
def test_any_text_at_all_is_safe(text: str) -> None:
    assert_safe(render(text))
    assert_safe(blocks(text).html)
