"""Blocks: closed ones stay, the open one shows what it can, and cutting them apart changes nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chat.rendering.blocks import Blocks, blocks, has_definitions
from chat.rendering.blocks_live import checkpoint
from chat.rendering.highlight import SEGMENT_MAX_CHARS, Listing, highlighted
from chat.rendering.markdown import render
from chat.rendering.markdown_parser import blocks_of


def test_it_works() -> None:
    view = blocks("# Title\n\nFirst.\n\nSecond **bo")
    assert view.closed == ("<h1>Title</h1>", "<p>First.</p>")
    assert view.open == "<p>Second **bo</p>"


def test_it_is_empty_at_first() -> None:
    assert blocks("").html == ""
    assert blocks("\n\n  \n").html == ""


@pytest.mark.parametrize(
    "text",
    [
        "para\n\nnext",
        "- a\n\nnext",
        "| a |\n|---|\n| b |\n\nnext",
        "```\nx\n```\nnext",
        "> q\n\nnext",
        "para\n- a",
        "para\n```\n",
    ],
)
def test_it_closes_a_block_when_the_next_begins(text: str) -> None:
    assert len(blocks(text).closed) == 1


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello\n-", "<p>Hello</p>"),
        ("Hello\n1", "<p>Hello</p>"),
        ("Hello\n==", "<p>Hello</p>"),
        ("- a\n-", "<ul><li>a</li></ul>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("x\n\n```pyth", "<p>x</p>"),
        ("x\n\n| a | b", "<p>x</p><p>| a | b</p>"),
        ("| a |\n|---|\n| 1 |\n| 2", '<div class="table" tabindex="0"><table><thead><tr><th>a</th></tr></thead>'
         "<tbody><tr><td>1</td></tr></tbody></table></div>"),
        ("```\nab\n``", '<div class="code"><div class="code__bar"><copy-button><button type="button">Copy</button>'
         '</copy-button></div><pre tabindex="0"><code>ab\n</code></pre></div>'),
    ],
)  # fmt: skip
def test_it_holds_back_what_cannot_be_read_yet(text: str, html: str) -> None:
    assert blocks(text).html == html


def test_it_shows_every_letter_soon() -> None:
    """Text waits for its formatting, never for its being shown."""
    text = "Some words, then more of them, and *some* more still. " * 40
    for end in range(1, len(text), 7):
        shown = blocks(text[:end]).html.replace("<em>", "*").replace("</em>", "*")
        assert shown == f"<p>{text[:end].rstrip()}</p>"


def test_its_checkpoints_are_a_fixed_share_apart() -> None:
    passed = sorted({checkpoint(length) for length in range(200_000)})
    assert passed[:5] == [0, 2, 4, 8, 16]
    assert all(later - earlier <= max(16, earlier) for earlier, later in pairwise(passed))
    assert len(passed) < 64


def test_a_list_that_turns_out_loose_is_made_anew() -> None:
    tight = blocks("- a\n- b\n- c").html
    assert "<p>" not in tight
    assert (
        blocks("- a\n- b\n\n- c\n- d").html
        == "<ul>" + "".join(f"<li><p>{x}</p></li>" for x in "abc") + "<li><p>d</p></li></ul>"
    )


WHOLE = [
    "- a\nlazy\n- b\n\n  more\n\npara",
    "1. a\n2. b\n10. c\n\n   in\n\n  out",
    "- a\n  - b\n\n  - c\n- d",
    "- ```\n  x\n\n  y\n  ```\n- z",
    "- ~~~\nnot in it\n- b",
    "- word\n- - word\n  \n    ```\n  \n  ```\n\n",
    "  1. a\n  2. ```\n     x\n     ```\n\n     ```\n     y\n\n",
    "text\n2. no list\n\n   no item\n\nend",
    "- a\n* b\n+ c\n1. d\n1) e",
    "- a\n---\n- b",
    "- a\n# h\n- b",
    "- \n- a\n-\n\n  x",
    "-     code\n- a",
    "-\ttab\n\n\tmore\n",
    "    code\n\n    code\n\ntext\n    text",
    "[^1]: a\n\n    b\n\n   c\n- d",
    "[^1]: a\n| x | y |\n|---|---|\n",
    "> a\nlazy\n- b\n> c\n| x |\n|---|\n",
    "x\n| a | b |\n|---|---|\n| 1 | 2 |\ny | z\n- end",
    "| a |\n|---|\n| 1 |\n# h\n",
    "| a |\n|---|\n$$\nx\n$$\n",
    "$$\na\n- b\n$$\n\n$$\n- c\n\nd",
    "x\n$$\na\n```\n$$\n```\n",
    "```\na\n  ```\nb\n\n~~~ x `y`\n```\n~~~\nc",
    " ```\n a\n\tb\n```\nc",
    "````\n```\n````\n```",
    "a\n===\nb\n---\n***\n- - -\n* * *\n",
    "* * *\n* a\n* * *\n",
    "a  \n\tb\n\n\tc\n",
]


@pytest.mark.parametrize("text", WHOLE)
def test_cutting_changes_nothing(text: str) -> None:
    """Rendered block by block, a text is what the parser makes of it as a whole."""
    assert not has_definitions(text) or text.startswith("[^1]:")
    assert render(text) == "".join(blocks_of(text + "\n"))


@pytest.mark.parametrize("text", WHOLE)
def test_it_does_not_matter_how_the_text_came(text: str) -> None:
    for end in range(len(text) + 1):
        state = Blocks()
        for character in text[:end]:
            state.feed(character)
        assert state.html == blocks(text[:end]).html


PYTHON = 'import os\n\n\ndef name(value: int) -> str:\n    """Say it."""\n    return f"{value!r}"  # so\n\n\n' * 200


def test_a_long_listing_has_the_same_colours_in_one_go_and_in_pieces() -> None:
    listing = Listing("python")
    pieces = [html for start in range(0, len(PYTHON), 37) for html in listing.feed(PYTHON[start : start + 37])]
    assert "".join(pieces) + listing.tail() == highlighted(PYTHON, "python")
    assert len(pieces) > 5


def test_a_seam_changes_no_colour() -> None:
    segments = Listing("python")
    assert list(segments.feed(PYTHON))
    once = highlighted(PYTHON[: len(PYTHON) // 200], "python")
    assert highlighted(PYTHON, "python") == once * 200


@pytest.mark.parametrize("code", ["x" * 30_000, '"""\n' + "text\n" * 8_000, "{" * 20_000, "\n" * 20_000, "é😀" * 9_000])
@pytest.mark.parametrize("language", ["python", "json", "", "html"])
def test_a_listing_without_seams_is_cut_all_the_same(code: str, language: str) -> None:
    listing = Listing(language)
    for start in range(0, len(code), 1_000):
        list(listing.feed(code[start : start + 1_000]))
        assert len(listing.open) <= SEGMENT_MAX_CHARS
