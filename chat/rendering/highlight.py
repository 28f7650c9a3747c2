"""Code to coloured HTML, segment by segment, so that a long listing costs no more a line than a short one.

A listing is cut into segments of two to four thousand characters, at a line where the lexer, started anew, sees the
same as it would have seen going on; so a finished segment never changes, one-shot and streamed colours are equal,
and no step takes longer than one segment. Output is escaped text in spans whose classes come from Pygments' table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.token import STANDARD_TYPES, Text, _TokenType
from pygments.util import ClassNotFound

from chat.rendering.languages import COLOURED
from chat.rendering.sanitise import escape

SEGMENT_CHARS = 2_048
SEGMENT_MAX_CHARS = 4_096
# The seam's look-ahead: so much text must read the same from the seam on.
_LOOK_AHEAD_CHARS = 256
_SEAMS_TRIED = 3
# Many lexers are quadratic in the number of lines or in their length; beyond these a piece is left without colours.
_MAX_LINES = 256
_LONG_LINE = re.compile(r"[^\n]{401}")
# Plain names, punctuation and space: a span around each would double the bytes and change nothing.
_PLAIN = frozenset({"n", "p", "w", "nx", "err"})

CODE_END = "</code></pre></div>"
_COPY = '<copy-button><button type="button">Copy</button></copy-button>'

_Tokens = list[tuple[int, "_TokenType", str]]


def code_start(language: str) -> str:
    """Return the HTML before a listing's text: bar with language and copy button, then `<pre><code>`."""
    label = f'<span class="code__language">{language}</span>' if language else ""
    kind = f' class="language-{language}"' if language else ""
    return f'<div class="code"><div class="code__bar">{label}{_COPY}</div><pre tabindex="0"><code{kind}>'


def highlighted(code: str, language: str) -> str:
    """Return the whole listing's inner HTML."""
    listing = Listing(language)
    return "".join(listing.feed(code)) + listing.tail()


class Listing:
    """A growing listing: `feed` returns the segments that are finished, `tail` colours what is left."""

    __slots__ = ("_lexer", "_next_try", "open")

    def __init__(self, language: str) -> None:
        self._lexer = _lexer(language)
        self._next_try = SEGMENT_CHARS
        self.open = ""

    def feed(self, code: str) -> Iterator[str]:
        """Take more text and yield each segment that it finishes, as HTML."""
        position = 0
        while position < len(code):
            # Text is taken up to the next trial point, so that the cut of `code` into pieces plays no part.
            take = self._next_try - len(self.open)
            self.open += code[position : position + take]
            position += take
            if len(self.open) >= self._next_try:
                yield from self._try_seam()

    def tail(self, chars: int | None = None) -> str:
        """Return the HTML of the unfinished segment, or of its first `chars` characters."""
        return self._html(self.open[:chars])

    def _try_seam(self) -> Iterator[str]:
        tokens = self._tokens(self.open)
        seam = self._seam(tokens)
        if not seam and len(self.open) < SEGMENT_MAX_CHARS:
            self._next_try += SEGMENT_CHARS // 2
            return
        # A listing without any good seam (one endless line or string) is cut where it stands: only colours suffer.
        seam = seam or self.open.rfind("\n") + 1 or len(self.open)
        yield _spans(_until(tokens, seam)) if self._lexer else escape(self.open[:seam])
        self.open = self.open[seam:]
        self._next_try = SEGMENT_CHARS if len(self.open) < SEGMENT_CHARS else len(self.open) + SEGMENT_CHARS // 2

    def _seam(self, tokens: _Tokens) -> int:
        """Find a line start, as late as it can be proved, where a fresh lexer goes on like the old one; 0 if none."""
        if self._lexer is None:
            return self.open.rfind("\n") + 1
        starts = {start for start, _, _ in tokens}
        seam = len(self.open) - _LOOK_AHEAD_CHARS
        for _ in range(_SEAMS_TRIED):
            seam = self._line_start(seam, starts)
            if seam <= 0:
                return 0
            expected = [(start - seam, kind, value) for start, kind, value in tokens if start >= seam]
            if self._tokens(self.open[seam:]) == expected:
                return seam
        return 0

    def _line_start(self, before: int, starts: set[int]) -> int:
        """Return the last line start under `before` that begins a token and an unindented line."""
        while (found := self.open.rfind("\n", 0, max(before - 1, 0))) >= 0:
            before = found + 1
            if before in starts and not self.open[before].isspace():
                return before
        return 0

    def _tokens(self, code: str) -> _Tokens:
        if self._lexer is None:
            return []
        if code.count("\n") > _MAX_LINES or _LONG_LINE.search(code):
            return [(0, Text, code)]
        tokens = list(self._lexer.get_tokens_unprocessed(code))
        # Some lexers leave text out or move it (consoles, heredocs). Colours may be wrong, text may not.
        return tokens if "".join(value for _, _, value in tokens) == code else [(0, Text, code)]

    def _html(self, code: str) -> str:
        return _spans(self._tokens(code)) if self._lexer else escape(code)


def _until(tokens: _Tokens, end: int) -> _Tokens:
    """Return the tokens before `end`, the one that crosses it cut."""
    return [(start, kind, value[: end - start]) for start, kind, value in tokens if start < end]


def _spans(tokens: _Tokens) -> str:
    """Return the tokens as HTML, neighbours of one class in one span."""
    out: list[str] = []
    for css, group in groupby(tokens, key=lambda token: _class(token[1])):
        text = escape("".join(value for _, _, value in group))
        out.append(f'<span class="{css}">{text}</span>' if css else text)
    return "".join(out)


@lru_cache(maxsize=512)
def _class(kind: _TokenType) -> str:
    """Return Pygments' short class of a token type; names and marks without a colour of their own get none."""
    while kind not in STANDARD_TYPES:
        kind = kind.parent
    css = str(STANDARD_TYPES[kind])
    return "" if css in _PLAIN else css


@lru_cache(maxsize=128)
def _lexer(language: str) -> Lexer | None:
    try:
        lexer = get_lexer_by_name(language) if language in COLOURED else None
    except ClassNotFound:
        return None
    return None if isinstance(lexer, TextLexer) else lexer
