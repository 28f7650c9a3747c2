"""Math: the `$…$`, `$$…$$`, `\\(…\\)`, `\\[…\\]` rules for the Markdown parser, and LaTeX to MathML.

A formula that cannot be converted is shown as its source. The rules look at the next delimiter only, never
further, so that a text full of dollar signs costs no more than any other; prices stay prices.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from latex2mathml import exceptions as latex_errors
from latex2mathml.converter import convert_to_element

from chat.rendering.sanitise import MATH_ATTRIBUTES, MATH_TAGS, escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

MAX_CHARS = 2_000
MAX_LINES = 60
MAX_GROUPS = 200
# What latex2mathml raises for sources that are no LaTeX, beside its own classes (found by feeding it noise).
_FAILURES: tuple[type[Exception], ...] = (
    *(error for error in vars(latex_errors).values() if isinstance(error, type) and issubclass(error, Exception)),
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
    StopIteration,
)
_BLOCK_ENDS = {"$$": "$$", "\\[": "\\]"}
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")


def install(md: MarkdownIt) -> None:
    """Teach `md` the rules; the tokens are `math_inline` and `math_block` with the source as content."""
    md.inline.ruler.before("escape", "math_inline", _inline)
    md.block.ruler.before("fence", "math_block", _block, {"alt": ["paragraph", "reference"]})


def block_opening(line: str) -> str:
    """Return the closing mark if this line opens a formula that goes on in the next lines, else ""."""
    line = line.strip()
    end = _BLOCK_ENDS.get(line[:2], "")
    return end if end and end not in line[2:] else ""


@lru_cache(maxsize=2048)
def mathml(source: str, display: str) -> str:
    """Return `source` as MathML, or as escaped text if it is too long or no LaTeX."""
    if len(source) <= MAX_CHARS and source.count("{") <= MAX_GROUPS:
        try:
            return _serialised(convert_to_element(source, display=display))
        except _FAILURES:
            pass
    mark = "$$" if display == "block" else "$"
    return f"<code>{escape(mark + source + mark)}</code>"


def _serialised(element: Element) -> str:
    """Spell an element tree out; latex2mathml's own writer would unescape `<` inside texts."""
    if element.tag not in MATH_TAGS:
        raise ValueError(element.tag)
    attributes = "".join(
        f' {name}="{escape(value)}"'
        for name, value in element.attrib.items()
        if name in MATH_ATTRIBUTES and '"' not in value
    )
    text = escape(unescape(element.text or ""))
    inside = "".join(_serialised(child) for child in element)
    return f"<{element.tag}{attributes}>{text}{inside}</{element.tag}>"


def _inline(state: StateInline, silent: bool) -> bool:
    found = _delimited(state.src, state.pos, state.posMax)
    if found is None:
        return False
    content, end, mark = found
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = content
        token.markup = mark
    state.pos = end
    return True


def _delimited(source: str, start: int, stop: int) -> tuple[str, int, str] | None:
    """Find the formula that opens at `start`; the first closing mark decides, there is no second try."""
    mark = source[start : start + 2]
    if mark not in ("$$", "\\(", "\\["):
        mark = mark[:1]
        if mark != "$":
            return None
    close = {"\\(": "\\)", "\\[": "\\]"}.get(mark, mark)
    inside = start + len(mark)
    limit = min(stop, inside + MAX_CHARS)
    end = source.find(close, inside, limit)
    while end > 0 and close[0] == "$" and _escaped(source, end, inside):
        end = source.find(close, end + 1, limit)
    if end < 0 or not source[inside:end].strip():
        return None
    if mark == "$" and (source[inside].isspace() or source[end - 1].isspace() or source[end + 1 : end + 2].isdigit()):
        return None
    return source[inside:end].strip(), end + len(close), mark


def _escaped(source: str, position: int, start: int) -> bool:
    """Tell whether the character is behind a backslash."""
    return position > start and source[position - 1] == "\\"


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start) or state.sCount[start] < state.blkIndent:
        return False
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].strip()
    close = _BLOCK_ENDS.get(first[:2])
    if close is None:
        return False
    found = _block_end(state, start, end, first, close)
    if found is None:
        return False
    content, last = found
    if not silent:
        token = state.push("math_block", "math", 0)
        token.block = True
        token.content = content
        token.map = [start, last + 1]
        state.line = last + 1
    return True


def _block_end(state: StateBlock, start: int, end: int, first: str, close: str) -> tuple[str, int] | None:
    """Return the formula and its last line; a blank line, a fence or the limit means that it is none."""
    body = first[2:]
    if close in body:
        return (body[:-2], start) if body.index(close) == len(body) - 2 and body[:-2].strip() else None
    lines = [body]
    for number in range(start + 1, min(end, start + MAX_LINES)):
        line = state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip()
        if not line.strip() or state.sCount[number] < state.blkIndent or _FENCE.match(line):
            return None
        if line.endswith(close):
            content = "\n".join([*lines, line[:-2]]).strip()
            return (content, number) if content else None
        lines.append(line)
    return None
