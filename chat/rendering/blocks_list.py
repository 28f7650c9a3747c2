"""A list: each finished item is rendered once, by the parser, as a list of its own.

Whether an item belongs to the list, and whether it makes the list loose, is asked of the parser too: the item is
parsed with a short sibling beside it. A list that turns out loose is made anew, once; one that the parser reads
otherwise becomes a block of prose in doubt.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it.token import Token

from chat.rendering import blocks_lines as lines
from chat.rendering.blocks_base import Block, Cut, Kind
from chat.rendering.blocks_live import NOTHING, Live, Window
from chat.rendering.blocks_prose import Prose
from chat.rendering.markdown_parser import MAX_NESTING, PARSER, dressed, tokens_html
from chat.rendering.sanitise import clean, escape

_PEEK_CHARS = 120
# How many times one item may make us ask; each time costs the item's length.
_MAX_ASKED = 32


class List(Block):
    """Fed from the first item's marker on."""

    __slots__ = ("_asked", "_blank", "_item", "_items", "_lazy", "_line", "_loose", "_text", "_window")

    def __init__(self) -> None:
        super().__init__()
        self.depth = 1
        self._item = lines.Item(0, "", 0)
        # The finished items' texts, for the case that the list turns out loose or no list.
        self._items: list[str] = []
        self._text = ""
        self._line = 0
        self._blank = False
        # Whether the last line was an unindented one of the item's paragraph; how often the parser was asked that.
        self._lazy = False
        self._asked = 0
        self._loose = False
        self._window = self._new_window()

    def feed(self, text: str) -> Cut | None:
        position = len(self._text)
        whole, self._text = self._text, ""
        whole += text
        self._text = whole
        while True:
            end = self._text.find("\n", position)
            line = self._text[self._line : end] if end >= 0 else self._text[self._line : self._line + _PEEK_CHARS]
            ending = self._read(line, whole=end >= 0)
            if ending == "doubt":
                return self._give_up()
            if ending is not None:
                return self._cut(ending)
            if end < 0:
                return None
            # A new item's text begins with its line.
            position = self._line = self._text.index("\n", self._line) + 1

    def close(self) -> Block:
        # The sibling stands before, so that blank lines at the list's end don't make it loose.
        before = " " * self._item.indent + _sibling(self._item)
        item = _item_of(PARSER.parse(before + self._text), items=2, index=1)
        if item is None:
            prose = Prose(doubt=True)
            prose.feed("".join([*self._items, self._text]))
            return prose.close()
        tokens, loose = item
        self._end_item(tokens, loose)
        self.closed = True
        return self

    @property
    def live(self) -> Live:
        return NOTHING if self.closed else self._window.live(self._text)

    def _new_window(self) -> Window:
        return Window(self._live_item)

    def _live_item(self, text: str) -> str:
        item = _only_item(PARSER.parse(text))
        if item is None:
            return f"<li>{escape(text[self._item.width :])}</li>"
        return _item_html(item[0], loose=self._loose)

    def _cut(self, kind: Kind) -> Cut:
        rest = self._text[self._line :]
        self._text = self._text[: self._line]
        return Cut(kind, rest)

    def _give_up(self) -> Cut:
        whole = "".join([*self._items, self._text])
        self._items, self._text = [], ""
        return Cut("doubt", whole)

    def _read(self, line: str, *, whole: bool) -> Kind | None:
        """Take a line, or look at an unfinished one; return what begins with it if it isn't part of the list."""
        if self._line == 0:
            if not self._item.width:
                self._begin(line)
            return None
        if not line.strip(" \t"):
            self._blank = self._blank or whole
            return None
        if lines.indent_of(line) >= self._item.width:
            self._blank = self._blank and not whole
            self._lazy = self._lazy and not whole
            return None
        ending = self._outside(line, whole=whole)
        if whole and ending is None and self._line and not self._is_lazy(line):
            return "doubt"
        return ending

    def _outside(self, line: str, *, whole: bool) -> Kind | None:
        """Judge a line that is indented less than the item's content."""
        if whole and lines.interrupts_list(line):
            return "prose"
        item = lines.item(line)
        if item is not None:
            return self._next_item(item) if item.kind == self._item.kind else "list"
        if not whole and (lines.may_become_item(line) or lines.is_item_like(line)):
            return None
        if whole and (lines.is_item_like(line) or "\t" in line[: self._item.width]):
            return "doubt"
        if self._blank:
            return "prose"
        return "fence" if whole and lines.fence(line) else None

    def _is_lazy(self, line: str) -> bool:
        """Tell whether an unindented line goes on with the item's paragraph; after one that did, the next does too."""
        if not self._lazy:
            self._asked += 1
            text = self._text[: self._line] + line
            self._lazy = self._asked <= _MAX_ASKED and _only_item(PARSER.parse(text)) is not None
        return self._lazy

    def _next_item(self, item: lines.Item) -> Kind | None:
        """End the item before this line, if the parser agrees that the list goes on."""
        text = self._text[: self._line]
        tokens = PARSER.parse(text + _sibling(self._item))
        ended = _item_of(tokens, items=2)
        if ended is None:
            return "doubt"
        self._end_item(*ended)
        self._text = self._text[self._line :]
        self._line = 0
        self._item = item
        self._blank = self._lazy = False
        self._asked = 0
        self._window = self._new_window()
        return None

    def _end_item(self, tokens: Sequence[Token], loose: bool) -> None:
        if loose and not self._loose:
            self._loosen()
        self._items.append(self._text[: self._line] if self._line else self._text)
        self._add(_item_html(tokens, loose=self._loose))

    def _loosen(self) -> None:
        """Make the finished items anew, with paragraphs."""
        self._loose = True
        if not self.parts:
            return
        self.version += 1
        self.parts, self.keep, self.chars = [], 0, 0
        for text in self._items:
            item = _item_of(PARSER.parse(text + _sibling(self._item)), items=2)
            assert item is not None
            self._add(_item_html(item[0], loose=True))

    def _begin(self, line: str) -> None:
        item = lines.item(line)
        assert item is not None
        self._item = item
        start = f' start="{item.number}"' if item.kind in ".)" and item.number != 1 else ""
        tag = "ol" if item.kind in ".)" else "ul"
        self.prefix, self.suffix = f"<{tag}{start}>", f"</{tag}>"


def _sibling(item: lines.Item) -> str:
    return f"{'1' if item.kind in '.)' else ''}{item.kind} x\n"


def _only_item(tokens: Sequence[Token]) -> tuple[Sequence[Token], bool] | None:
    return _item_of(tokens, items=1)


def _item_of(tokens: Sequence[Token], *, items: int, index: int = 0) -> tuple[Sequence[Token], bool] | None:
    """Return one item's tokens and whether the list is loose, if this is one list of so many items."""
    tops = [token for token in tokens if token.level == 0]
    if len(tops) != 2 or not tops[0].type.endswith("_list_open"):
        return None
    ends = [position for position, token in enumerate(tokens) if token.level == 1 and token.type == "list_item_close"]
    if len(ends) != items or any(token.level >= MAX_NESTING - 1 for token in tokens):
        return None
    loose = any(token.level == 2 and token.type == "paragraph_open" and not token.hidden for token in tokens)
    start = ends[index - 1] + 1 if index else 1
    return tokens[start : ends[index] + 1], loose


def _item_html(tokens: Sequence[Token], *, loose: bool) -> str:
    for token in tokens:
        if loose and token.level == 2 and token.type in ("paragraph_open", "paragraph_close"):
            token.hidden = False
    return dressed(clean(tokens_html(tokens)))
