"""What every kind of growing block has: finished parts that never change, and a live rest.

The HTML of a block is `prefix`, the parts, the live rest, `suffix`; the parts lie `depth` elements deep. `version`
changes in the rare case that what was finished is made anew (a list that turns out loose, a table's first row).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chat.rendering.blocks_live import NOTHING, Live
from chat.rendering.html_path import walk

Kind = Literal["prose", "doubt", "fence", "list", "table"]


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of a block: what begins there, and the text that belongs to it."""

    kind: Kind
    rest: str


class Block:
    """A block that takes text until it says that another begins."""

    __slots__ = ("chars", "closed", "depth", "keep", "nodes", "parts", "prefix", "suffix", "version")

    def __init__(self) -> None:
        self.prefix = self.suffix = ""
        self.depth = 0
        self.parts: list[str] = []
        # Where the parts end, counted as the DOM does, in the element that holds them.
        self.keep = self.chars = 0
        # How many nodes the whole block is in the page.
        self.nodes = 1
        self.version = 0
        self.closed = False

    def feed(self, text: str) -> Cut | None:
        """Take text; return the cut if another block begins in it."""
        raise NotImplementedError

    def close(self) -> Block:
        """End the block: no text follows. Return it, or what it turned out to be."""
        raise NotImplementedError

    @property
    def live(self) -> Live:
        """What is shown of the text that is in no part yet."""
        return NOTHING

    @property
    def html(self) -> str:
        return f"{self.prefix}{''.join(self.parts)}{self.live.html}{self.suffix}"

    def _add(self, html: str) -> None:
        if not html:
            return
        self.parts.append(html)
        level = walk(html, self.keep, self.chars)[0]
        self.keep, self.chars = level.keep, level.chars
