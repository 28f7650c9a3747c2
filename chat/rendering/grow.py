"""Patches that turn the HTML a page shows into the HTML it shall show, at the cost of what has grown.

`GrowingText` is what the stream uses, one for each growing part of an answer: give it the text so far, send what
it returns. The page applies the fragments with htmx's swap style `grow` (`static/js/stream/grow.js`). Finished
blocks are never looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chat.rendering.blocks import Blocks, has_definitions, whole
from chat.rendering.blocks_base import Block
from chat.rendering.blocks_live import Live
from chat.rendering.grow_patch import Grow, Place, patches
from chat.rendering.html_path import walk
from chat.rendering.sanitise import Visible, escape, units, visible


def wrap(target_id: str, grow: Grow) -> str:
    """Return the out-of-band fragment that carries a patch."""
    at = f"{grow.depth}.{grow.keep}.{grow.chars}"
    return f'<template id="{target_id}" hx-swap-oob="grow" data-at="{at}">{grow.html}</template>'


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page shows of the block that was open at the last step."""

    block: Block
    version: int
    parts: int
    inside: Place
    live: Live
    frame: tuple[str, str]

    @property
    def html(self) -> str:
        """The whole block's HTML, if it had no finished part."""
        return f"{self.frame[0]}{self.live.html}{self.frame[1]}"


class GrowingText:
    """The growing Markdown of one element of the page, which is empty at first."""

    __slots__ = ("_blocks", "_final", "_index", "_nodes", "_raw", "_shown", "_target_id", "_text_end", "_visible")

    def __init__(self, target_id: str) -> None:
        self._target_id = target_id
        self._raw = ""
        self._final: str | None = None
        self._start()

    @property
    def html(self) -> str:
        """All that the page shows now."""
        return self._blocks.html if self._final is None else self._final

    def advance(self, text: str) -> str:
        """Return the fragments that make the page show `text` so far; "" if it does already."""
        if self._final is not None or not text.startswith(self._raw):
            return self._again(text)
        self._blocks.feed(self._visible.feed(text[len(self._raw) :]))
        self._raw = text
        return self._wrapped(self._step())

    def finish(self, text: str) -> str:
        """Return the fragments that make the page show exactly `render(text)`."""
        if self._final is not None:
            return self._again(text) + self.finish(text) if text != self._raw else ""
        sent = self.advance(text)
        before = self._blocks.html
        clear = visible(text)
        if has_definitions(clear):
            self._final = whole(clear)
            return sent + self._wrapped(patches(before, self._final))
        self._blocks.close()
        sent += self._wrapped(self._step())
        self._final = self._blocks.html
        return sent

    def _start(self) -> None:
        self._visible = Visible()
        self._blocks = Blocks()
        # The number of closed blocks that need no second look, and of the nodes they are in the page.
        self._index = self._nodes = 0
        self._text_end: Place | None = None
        self._shown = self._snapshot()

    def _again(self, text: str) -> str:
        """Start anew with a text that doesn't go on from what is shown."""
        before = self.html
        self._final = None
        self._start()
        self._blocks.feed(self._visible.feed(text))
        self._raw = text
        self._step()
        return self._wrapped(patches(before, self._blocks.html))

    def _wrapped(self, grown: list[Grow]) -> str:
        return "".join(wrap(self._target_id, grow) for grow in grown)

    def _step(self) -> list[Grow]:
        """Return the patches from what is shown to the blocks as they are, and take these as shown."""
        found = self._more_text()
        if found is not None:
            return found
        found = self._patches()
        blocks = self._blocks.blocks
        self._nodes += sum(block.nodes for block in blocks[self._index : -1])
        self._index = max(len(blocks) - 1, 0)
        self._shown = self._snapshot()
        self._text_end = None
        return found

    def _snapshot(self) -> _Shown:
        blocks = self._blocks.blocks
        block = blocks[-1] if blocks else Block()
        inside = Place(block.depth, block.keep, block.chars) if block.depth else Place(0, self._nodes, 0)
        return _Shown(block, block.version, len(block.parts), inside, block.live, (block.prefix, block.suffix))

    def _same_block(self, block: Block) -> bool:
        return block is self._shown.block and block.version == self._shown.version

    def _more_text(self) -> list[Grow] | None:
        """Return the patch if nothing but plain text at the end has grown: the usual case, at the text's own cost."""
        shown, block = self._shown, next(reversed(self._blocks.blocks), Block())
        if not self._same_block(block) or len(block.parts) != shown.parts or block.closed:
            return None
        live, before = block.live, shown.live
        if live.before is not before.before or live.after != before.after or not live.text.startswith(before.text):
            return None
        more = live.text[len(before.text) :]
        if not more:
            return []
        end = self._text_end or self._end_of(before)
        self._text_end = Place(end.depth, end.keep, end.chars + units(more))
        self._shown = replace(shown, live=live)
        return [Grow(end.depth, end.keep, end.chars, escape(more))]

    def _end_of(self, live: Live) -> Place:
        inside = self._shown.inside
        levels = walk(live.before, inside.keep, inside.chars)
        return Place(inside.depth + len(levels) - 1, levels[-1].keep, levels[-1].chars + units(live.text))

    def _patches(self) -> list[Grow]:
        shown, blocks = self._shown, self._blocks.blocks[self._index :]
        top = Place(0, self._nodes, 0)
        if not blocks or not self._same_block(blocks[0]):
            html = "".join(block.html for block in blocks)
            return [Grow(0, self._nodes, 0, html)] if shown.parts else patches(shown.html, html, top)
        block = blocks[0]
        grown = "".join(block.parts[shown.parts :]) + block.live.html
        after = "".join(block.html for block in blocks[1:])
        if not block.depth:
            return patches(shown.live.html, grown + after, top)
        found = patches(shown.live.html, grown, shown.inside)
        return [*found, Grow(0, self._nodes + 1, 0, after)] if after else found
