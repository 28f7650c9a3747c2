"""What a line can be at the top level of a Markdown text, said as early as its first characters allow.

Answers here are never guesses: `None` or "not yet" where more text could change them. The parser itself stays the
judge of what a block means; these are only the places where a text can be cut without changing its meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r" {0,3}(?:(?P<ticks>`{3,})(?P<info>[^`]*)|(?P<tildes>~{3,})(?P<rest>.*))")
_ITEM = re.compile(r"(?P<indent> {0,3})(?P<number>\d{0,9})(?P<mark>[-+*]|(?<=\d)[.)])(?P<gap> {1,4})(?=\S)")
_ITEM_LIKE = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)")
_ITEM_UNDECIDED = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)]?)?[ \t]*")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}")
_RULE_UNDECIDED = re.compile(r" {0,3}([-*_])?[ \t]*(?:\1[ \t]*)*")
_INTERRUPTS_LIST = re.compile(r" {0,3}(?:>|#{1,6}(?:[ \t]|$))")
_DELIMITERS = re.compile(r" {0,3}[|:-][ \t|:-]*")


@dataclass(frozen=True, slots=True)
class Item:
    """A list item's first line: where its content starts, and what makes another item its sibling."""

    width: int
    kind: str
    number: int
    indent: int = 0


@dataclass(frozen=True, slots=True)
class FenceMark:
    """A fence's opening line."""

    indent: int
    mark: str
    info: str

    def closed_by(self, line: str) -> bool:
        stripped = line.strip(" \t")
        indent = len(line) - len(line.lstrip(" "))
        return indent <= 3 and stripped.startswith(self.mark) and not stripped.strip(self.mark[0])

    def may_be_closed_by(self, beginning: str) -> bool:
        """Tell whether a line that begins like this may still turn out to close the fence."""
        stripped = beginning.lstrip(" ")
        indent = len(beginning) - len(stripped)
        return indent <= 3 and not stripped.lstrip(self.mark[0]).strip(" \t") and not stripped[:1].isspace()


def indent_of(line: str) -> int:
    """Count the columns before the text; a tab reaches at least column four."""
    stripped = line.lstrip(" ")
    return len(line) - len(stripped) + (4 if stripped.startswith("\t") else 0)


def fence(line: str) -> FenceMark | None:
    """Read a whole line as a fence's opening."""
    match = _FENCE.fullmatch(line)
    if match is None:
        return None
    mark, info = match["ticks"] or match["tildes"], match["info"] or match["rest"] or ""
    return FenceMark(indent_of(line), mark, info)


def item(line: str) -> Item | None:
    """Read the beginning of a line as a list item's, if there can be no doubt."""
    match = _ITEM.match(line)
    if match is None or _RULE_UNDECIDED.fullmatch(line):
        return None
    return Item(match.end(), match["mark"], int(match["number"] or 0), len(match["indent"]))


def is_item_like(line: str) -> bool:
    return _ITEM_LIKE.match(line) is not None


def is_rule(line: str) -> bool:
    return _RULE.fullmatch(line) is not None


def is_delimiters(line: str) -> bool:
    """Tell whether a line may be the one under a table's head."""
    return "-" in line and _DELIMITERS.fullmatch(line) is not None


def interrupts_list(line: str) -> bool:
    return _INTERRUPTS_LIST.match(line) is not None or is_rule(line)


def may_become_item(beginning: str) -> bool:
    """Tell whether an unfinished line may still become a list item (or a rule, which looks the same at first)."""
    return _ITEM_UNDECIDED.fullmatch(beginning) is not None or _RULE_UNDECIDED.fullmatch(beginning) is not None
