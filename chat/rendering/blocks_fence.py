"""A fenced listing: finished segments are coloured once, the open one at checkpoints, the rest is plain text."""

from __future__ import annotations

from chat.rendering import blocks_lines as lines
from chat.rendering.blocks_base import Block, Cut
from chat.rendering.blocks_live import NOTHING, Live, checkpoint, points
from chat.rendering.highlight import CODE_END, Listing, code_start
from chat.rendering.languages import language_of

# The elements around the text: div, pre, code.
_DEPTH = 3
# Colours come when a listing has grown by a quarter: the lexers are the dearest part of all.
_COLOUR_POINTS = points((64,), 4)


class Fence(Block):
    """Fed from the opening line on, which must be whole."""

    __slots__ = ("_beginning", "_coloured", "_cut", "_in_line", "_listing", "_mark", "_segment")

    def __init__(self) -> None:
        super().__init__()
        self._mark: lines.FenceMark | None = None
        self._listing = Listing("")
        # The start of a line that may still be the closing one; it isn't shown.
        self._beginning = ""
        self._in_line = False
        self._cut = self._segment = 0
        self._coloured = ""

    def feed(self, text: str) -> Cut | None:
        position = 0
        if self._mark is None:
            position = text.index("\n") + 1
            self._open(text[: position - 1])
        while position < len(text):
            end = text.find("\n", position)
            stop = end + 1 if end >= 0 else len(text)
            if self._take(text[position:stop], whole=end >= 0):
                return Cut("prose", text[stop:])
            position = stop
        return None

    def close(self) -> Block:
        if self._beginning and not self._fence.closed_by(self._beginning):
            self._write(self._beginning)
        self._beginning = ""
        self._add(self._listing.tail())
        self.closed = True
        return self

    @property
    def live(self) -> Live:
        if self.closed:
            return NOTHING
        text = self._listing.open
        cut = text.rfind("\n", 0, checkpoint(len(text), _COLOUR_POINTS)) + 1
        if (cut, len(self.parts)) != (self._cut, self._segment):
            self._cut, self._segment = cut, len(self.parts)
            self._coloured = self._listing.tail(cut) if cut else ""
        return Live(self._coloured, text[cut:])

    @property
    def _fence(self) -> lines.FenceMark:
        assert self._mark is not None
        return self._mark

    def _open(self, line: str) -> None:
        self._mark = lines.fence(line)
        language = language_of(self._fence.info)
        self._listing = Listing(language)
        self.prefix, self.suffix, self.depth = code_start(language), CODE_END, _DEPTH

    def _take(self, piece: str, *, whole: bool) -> bool:
        """Take (a part of) one line; return whether it closes the listing."""
        if self._in_line:
            self._write_on(piece)
            self._in_line = not whole
            return False
        line = self._beginning + piece
        if self._fence.may_be_closed_by(line.removesuffix("\n")):
            if whole and self._fence.closed_by(line.removesuffix("\n")):
                self._beginning = ""
                return True
            if not whole:
                self._beginning = line
                return False
        self._beginning = ""
        self._write(line)
        self._in_line = not whole
        return False

    def _write(self, line: str) -> None:
        self._write_on(_unindented(line, self._fence.indent) if self._fence.indent else line)

    def _write_on(self, piece: str) -> None:
        for html in self._listing.feed(piece):
            self._add(html)


def _unindented(line: str, columns: int) -> str:
    """Take the opening line's indentation off, as the parser does; a tab is worth up to four columns."""
    column = position = 0
    while column < columns and line[position : position + 1] in (" ", "\t"):
        column += 1 if line[position] == " " else 4 - column % 4
        position += 1
    return " " * (column - columns) + line[position:]
