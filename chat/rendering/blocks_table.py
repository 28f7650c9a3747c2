"""A table: each finished row is rendered once, by the parser, under the table's own head.

The row being written isn't shown until its end. Whether a line is a row at all is asked of the parser, unless it
begins with a bar, which nothing else does.
"""

from __future__ import annotations

from markdown_it.rules_block.table import escapedSplit

from chat.rendering.blocks_base import Block, Cut, Kind
from chat.rendering.markdown_parser import PARSER, TABLE_END, TABLE_START, dressed, tokens_html
from chat.rendering.markdown_rules import MAX_FILLED_CELLS
from chat.rendering.sanitise import clean

MAX_COLUMNS = 64
_BODY = "<tbody>"
_BODY_END = "</tbody>"


def is_table(text: str) -> bool:
    """Tell whether these lines are a table of sensible width, and nothing else."""
    tokens = PARSER.parse(text)
    if not tokens or tokens[0].type != "table_open" or tokens[-1].type != "table_close":
        return False
    columns = sum(token.type == "th_open" for token in tokens)
    is_one = sum(token.type == "table_open" for token in tokens) == 1
    return is_one and columns <= MAX_COLUMNS and (tokens[0].map or [0, 0])[1] == text.rstrip("\n").count("\n") + 1


def _width(line: str) -> int:
    """Count a row's cells as the parser does."""
    cells = escapedSplit(line.strip(" \t"))
    return len(cells) - (cells[:1] == [""]) - (cells[1:] != [] and cells[-1] == "")


class Table(Block):
    """Fed from the head's first line on, which must be whole, as must be the one under it."""

    __slots__ = ("_columns", "_filled", "_head", "_line", "_rows")

    def __init__(self) -> None:
        super().__init__()
        self._head: list[str] = []
        self._rows: list[str] = []
        self._line = ""
        self._columns = self._filled = 0

    def feed(self, text: str) -> Cut | None:
        text, self._line = self._line + text, ""
        position = 0
        while (end := text.find("\n", position)) >= 0:
            line = text[position:end]
            kind = self._read(line)
            if kind:
                return Cut(kind, text[position:])
            position = end + 1
        self._line = text[position:]
        self._flush()
        return None

    def close(self) -> Block:
        self._flush()
        self.closed = True
        return self

    def _read(self, line: str) -> Kind | None:
        """Take a whole line; return what begins with it if it is no row."""
        if len(self._head) < 2:
            self._head.append(line)
            if len(self._head) == 2:
                self._columns = _width(self._head[0])
                self._set_frame(self._html([]), rows=False)
            return None
        if not line.strip(" \t"):
            return "prose"
        is_surely_row = line.lstrip(" ").startswith("|") and not line.startswith("    ")
        if not is_surely_row and not is_table("\n".join([*self._head, line])):
            return "prose"
        # The parser's own limit for short rows counts the whole table, of which it sees a few rows at a time here.
        self._filled += self._columns - _width(line)
        if self._filled > MAX_FILLED_CELLS:
            return "prose"
        self._rows.append(line)
        return None

    def _flush(self) -> None:
        """Render the rows that have come."""
        if not self._rows:
            return
        html = self._html(self._rows)
        self._rows = []
        start = html.index(_BODY) + len(_BODY)
        end = html.rindex(_BODY_END)
        if not self.parts:
            self._set_frame(html[:start] + html[end:], rows=True)
        self._add(html[start:end])

    def _set_frame(self, html: str, *, rows: bool) -> None:
        split = html.rindex(_BODY_END if rows else TABLE_END)
        self.prefix, self.suffix = html[:split], html[split:]
        self.depth = 3 if rows else 2
        self.version += 1

    def _html(self, rows: list[str]) -> str:
        tokens = PARSER.parse("\n".join([*self._head, *rows]))
        return dressed(clean(tokens_html(tokens)))


assert TABLE_START.count("<") == 2, "the depths above count these elements"
