"""Text to blocks: the finished ones, whose HTML never changes, and the one being written.

`Blocks` is a fold over the characters of a text: what it has come to doesn't depend on how the text was cut into
deltas, and feeding costs a fixed amount for each character. Text is cut only where that doesn't change what it
means, so the blocks rendered one by one are the text rendered as a whole; the one thing that reaches across blocks,
link definitions, is put right when the text is complete (`whole`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from chat.rendering.blocks_base import Block, Kind
from chat.rendering.blocks_fence import Fence
from chat.rendering.blocks_list import List
from chat.rendering.blocks_prose import Prose
from chat.rendering.blocks_table import Table
from chat.rendering.markdown_parser import blocks_of
from chat.rendering.sanitise import visible

_DEFINITION = re.compile(r"^[ \t>*+\d.)-]*\[[^\n]*\]:", re.MULTILINE)
_KINDS: dict[Kind, Callable[[], Block]] = {
    "prose": Prose,
    "doubt": lambda: Prose(doubt=True),
    "fence": Fence,
    "list": List,
    "table": Table,
}


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows of an unfinished text: closed blocks' HTML, and the open one's."""

    closed: tuple[str, ...]
    open: str

    @property
    def html(self) -> str:
        return "".join(self.closed) + self.open


class Blocks:
    """The blocks of a growing, visible text; the last one is open."""

    __slots__ = ("blocks",)

    def __init__(self) -> None:
        self.blocks: list[Block] = [Prose()]

    def feed(self, text: str) -> None:
        """Take the text that follows what was fed before."""
        rest: str | None = text
        while rest:
            cut = self.blocks[-1].feed(rest)
            if cut is None:
                return
            self._close_last()
            self.blocks.append(_KINDS[cut.kind]())
            rest = cut.rest

    def close(self) -> None:
        """End the text: its last line is whole, and the open block is finished."""
        self.feed("\n")
        self._close_last()

    @property
    def html(self) -> str:
        return "".join(block.html for block in self.blocks)

    def _close_last(self) -> None:
        block = self.blocks.pop().close()
        if block.nodes:
            self.blocks.append(block)


def blocks(text: str) -> View:
    """Return what is shown of `text`, if this is all there is so far."""
    state = Blocks()
    state.feed(visible(text))
    return View(tuple(block.html for block in state.blocks[:-1]), state.blocks[-1].html)


def has_definitions(text: str) -> bool:
    """Tell whether a link definition may be in `text`, which can change the blocks before it."""
    return "]:" in text and _DEFINITION.search(text) is not None


def whole(text: str) -> str:
    """Return the HTML of a complete, visible text."""
    if has_definitions(text):
        return "".join(blocks_of(text + "\n"))
    state = Blocks()
    state.feed(text)
    state.close()
    return state.html
