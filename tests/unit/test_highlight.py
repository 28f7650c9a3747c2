"""Colours: every language that we colour keeps the text, and none can be made to take long."""

from __future__ import annotations

import time
from html import unescape
from re import sub

import pytest

from chat.rendering.highlight import SEGMENT_MAX_CHARS, highlighted
from chat.rendering.languages import COLOURED, LANGUAGES, language_of

SAMPLE = (
    "x = 1\n\n'''\n<a href='b'>\n$ ls -la\nC:\\> dir\n>>> 1\n{\"a\": [1]}\n# é😀 \t\n---\nfoo: bar\n"
    'function f() { return "x" }\n'
    "\\begin{x}\n@@ -1 +1 @@\n+a\n-b\ncat <<EOF\nx\nEOF\n> q\n1> foo().\n<?php echo 1; ?>\n{% if x %}\n"
)
HOSTILE = [
    "a",
    "(",
    '"',
    "'",
    "/*",
    "<",
    "{",
    "[",
    "\\",
    " ",
    "\n",
    "a\n",
    '"\n',
    "  a\n",
    "- a\n",
    "<<A\n",
    "{{",
    "<?",
    "_",
]
# Far above what any takes (a tenth of it), far below what the lexers left out take.
MOST_SECONDS = 1.0


def test_it_works() -> None:
    assert highlighted("if x:", "python") == '<span class="k">if</span> x:'


@pytest.mark.parametrize("language", sorted(COLOURED))
def test_it_loses_no_text(language: str) -> None:
    code = SAMPLE * 20
    assert unescape(sub(r"<[^>]*>", "", highlighted(code, language))) == code


@pytest.mark.parametrize("language", sorted(COLOURED))
def test_no_listing_takes_long(language: str) -> None:
    for piece in HOSTILE:
        code = (piece * SEGMENT_MAX_CHARS)[:SEGMENT_MAX_CHARS]
        wrapped = "\n".join(code[start : start + 400] for start in range(0, len(code), 400))
        started = time.process_time()
        highlighted(code if "\n" in piece else wrapped, language)
        assert time.process_time() - started < MOST_SECONDS, repr(piece)


@pytest.mark.parametrize("language", ["lilypond", "fan", "no-such"])
def test_what_is_not_coloured_is_plain(language: str) -> None:
    assert highlighted("a < b" + "a" * 5_000, language) == "a &lt; b" + "a" * 5_000


def test_every_coloured_language_has_a_label() -> None:
    assert COLOURED <= LANGUAGES
    assert language_of("Python title=x") == "python"
    assert language_of("{.rust}") == "rust"
    assert language_of("<b>") == ""
