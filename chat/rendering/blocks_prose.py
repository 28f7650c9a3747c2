"""A block of anything: paragraphs, headings, quotes, and whatever has no class of its own.

It takes text until the first place where the text can be cut without changing its meaning, and says what begins
there. In doubt it doesn't cut: a line that might belong to a list it hasn't understood makes it wait for the one
sign that ends everything, an unindented line after a blank one.
"""

from __future__ import annotations

from chat.rendering import blocks_lines as lines
from chat.rendering.blocks_base import Block, Cut, Kind
from chat.rendering.blocks_live import NOTHING, Live, Window
from chat.rendering.blocks_table import is_table
from chat.rendering.markdown_parser import blocks_of
from chat.rendering.math import block_opening

# So much of an unfinished line decides what it is, if anything does before its end.
_PEEK_CHARS = 120


class Prose(Block):
    """See the module; `doubt` starts it in doubt."""

    __slots__ = (
        "_blank",
        "_doubt",
        "_first",
        "_frozen",
        "_lazy",
        "_line",
        "_math_end",
        "_previous",
        "_text",
        "_window",
    )

    def __init__(self, *, doubt: bool = False) -> None:
        super().__init__()
        self._text = ""
        # Where the last line, and the one before it, begin.
        self._line = self._previous = 0
        self._first = True
        self._blank = False
        # A quote or footnote is open: its paragraph may go on in lines that look like others.
        self._lazy = False
        self._doubt = doubt
        self._frozen = False
        self._math_end = ""
        self._window = Window(lambda text: "".join(blocks_of(text)))

    def feed(self, text: str) -> Cut | None:
        position = len(self._text)
        # The local name is the only reference while the text grows: so Python extends it in place, without a copy.
        whole, self._text = self._text, ""
        whole += text
        self._text = whole
        while (end := whole.find("\n", position)) >= 0:
            cut = self._read(whole[self._line : end])
            if cut is not None:
                return cut
            self._previous, self._line = self._line, end + 1
            position = end + 1
        kind = self._beginning(whole[self._line : self._line + _PEEK_CHARS], whole=False)
        return self._cut(kind, self._line) if kind else None

    def close(self) -> Block:
        blocks = blocks_of(self._text)
        self._add("".join(blocks))
        self.nodes = len(blocks)
        self.closed = True
        self._text = ""
        return self

    @property
    def live(self) -> Live:
        return NOTHING if self.closed else self._window.live(self._text)

    def _cut(self, kind: Kind, at: int) -> Cut:
        rest = self._text[at:]
        self._text = self._text[:at]
        return Cut(kind, rest)

    def _read(self, line: str) -> Cut | None:
        """Take one whole line."""
        if not line.strip(" \t"):
            self._math_end = ""
            self._blank = True
            return None
        if self._math_end and not lines.fence(line):
            self._doubt = self._doubt or lines.is_item_like(line)
            self._math_end = "" if line.rstrip().endswith(self._math_end) else self._math_end
            return None
        kind = self._beginning(line, whole=True)
        if kind:
            return self._cut(kind, self._line)
        if self._ends_table_head(line):
            return self._cut("table", self._previous)
        self._note(line)
        return None

    def _beginning(self, line: str, *, whole: bool) -> Kind | None:
        """Return the kind of block that surely begins with this line (or its beginning), if one does."""
        if self._frozen or (self._math_end and not whole):
            return None
        indent = lines.indent_of(line)
        if whole and lines.fence(line):
            self._frozen = self._doubt and indent > 0
            return None if self._frozen else "fence"
        if indent > 3:
            return None
        item = lines.item(line)
        if item is not None:
            interrupts = self._first or self._blank or item.number == 1 or item.kind in "-+*"
            return "list" if interrupts and not self._doubt else None
        if self._first or not self._blank or (self._doubt and indent > 0):
            return None
        if whole:
            return None if lines.is_item_like(line) and not lines.is_rule(line) else "prose"
        return None if lines.is_item_like(line) or lines.may_become_item(line) else "prose"

    def _ends_table_head(self, line: str) -> bool:
        if self._blank or self._first or self._lazy or self._doubt or self._frozen or not lines.is_delimiters(line):
            return False
        return is_table(self._text[self._previous : self._line] + line)

    def _note(self, line: str) -> None:
        """Remember what the line means for those after it."""
        self._first = self._blank = False
        if lines.indent_of(line) > 3:
            return
        stripped = line.lstrip(" ")
        self._lazy = self._lazy or stripped.startswith((">", "[^"))
        self._doubt = self._doubt or (lines.is_item_like(line) and not lines.is_rule(line))
        self._math_end = block_opening(line)
