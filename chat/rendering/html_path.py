"""Where in a piece of HTML one stands, counted as the browser's DOM counts: child nodes and UTF-16 units.

Works on the canonical HTML that `sanitise.clean` and our own wrappers give: every element closed, text escaped, no
comments. Neighbouring texts are one node.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chat.rendering.sanitise import html_units

_PIECE = re.compile(r'<(?P<close>/)?(?P<tag>[a-z][a-z0-9-]*)(?:[^>"]|"[^"]*")*>|[^<]+')
_VOID = frozenset({"br", "hr", "input"})


@dataclass(slots=True)
class Level:
    """An open element (or the top): its finished child nodes, and the units of a text after them."""

    tag: str = ""
    start: int = 0
    keep: int = 0
    chars: int = 0

    def add_text(self, html: str) -> None:
        self.chars += html_units(html)

    def add_node(self) -> None:
        self.end_text()
        self.keep += 1

    def end_text(self) -> None:
        if self.chars:
            self.keep += 1
            self.chars = 0


def walk(html: str, keep: int = 0, chars: int = 0) -> list[Level]:
    """Return the elements open at the end of `html`, outermost first; the first level is what it all stands in.

    `keep` and `chars` say what stands before `html` at that first level.
    """
    levels = [Level(keep=keep, chars=chars)]
    for piece in _PIECE.finditer(html):
        tag = piece["tag"]
        if tag is None:
            levels[-1].add_text(piece[0])
        elif piece["close"]:
            levels.pop()
            levels[-1].add_node()
        elif tag in _VOID:
            levels[-1].add_node()
        else:
            levels[-1].end_text()
            levels.append(Level(tag, piece.start()))
    return levels


def lowest(html: str, start: int, stop: int, depth: int) -> int:
    """Return the least number of open elements on the way from `start`, where there are `depth`, to `stop`."""
    least = depth
    for piece in _PIECE.finditer(html, start, stop):
        if piece["tag"] and piece["tag"] not in _VOID:
            depth += -1 if piece["close"] else 1
            least = min(least, depth)
    return least


def end_of_level(html: str, start: int) -> int:
    """Return where the element that `start` stands in ends: its closing tag's place, or the end of `html`."""
    depth = 0
    for piece in _PIECE.finditer(html, start):
        tag = piece["tag"]
        if tag is None or tag in _VOID:
            continue
        depth += -1 if piece["close"] else 1
        if depth < 0:
            return piece.start()
    return len(html)
