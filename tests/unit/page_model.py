"""A page small enough to reason about: a tree of elements and texts, and what the swap style `grow` does to it.

Written from the wire's description, not from the code that makes or applies patches, so that it can judge both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "hr", "input"}
TARGET = "message-0123456789abcdefghijkl-body"
_FRAGMENT = re.compile(
    r'<template id="([^"]+)" hx-swap-oob="grow" data-at="(\d+)\.(\d+)\.(\d+)">(.*?)</template>', re.S
)


@dataclass(slots=True)
class Element:
    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def add(self, node: Element | str) -> None:
        if isinstance(node, str) and self.children and isinstance(self.children[-1], str):
            self.children[-1] += node
        elif node:
            self.children.append(node)


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("body")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].add(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.open[-1].add(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment has no place in our HTML")


def tree(html: str) -> Element:
    """Parse balanced HTML; anything else fails."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert len(parser.open) == 1, f"not closed: {parser.open[-1].tag}"
    return parser.open[0]


class Page:
    """The element a text grows in."""

    def __init__(self) -> None:
        self.target = Element("body")

    def apply(self, fragments: str) -> None:
        """Apply fragments in order; all of the string must be fragments for the one target."""
        end = 0
        for match in _FRAGMENT.finditer(fragments):
            assert match.start() == end and match[1] == TARGET, fragments[end:200]
            end = match.end()
            self._grow(int(match[2]), int(match[3]), int(match[4]), match[5])
        assert end == len(fragments), fragments[end:200]

    def _grow(self, depth: int, keep: int, chars: int, html: str) -> None:
        node = self.target
        for _ in range(depth):
            last = node.children[-1]
            assert isinstance(last, Element), "the way down leads through elements"
            node = last
        assert len(node.children) >= keep + bool(chars), "there is less to keep than the patch says"
        kept = node.children[:keep]
        if chars:
            text = node.children[keep]
            assert isinstance(text, str)
            units = text.encode("utf-16-le")
            assert len(units) >= 2 * chars
            kept.append(units[: 2 * chars].decode("utf-16-le"))
        node.children = kept
        for child in tree(html).children:
            node.add(child)
