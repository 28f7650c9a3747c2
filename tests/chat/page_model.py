"""A page small enough for tests: a tree of elements, and the out-of-band swaps that the browser would make on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "meta", "link"}


@dataclass(slots=True)
class Node:
    """An element, or a text (`name` is "")."""

    name: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def show(self) -> str:
        """Return it as HTML that is equal for equal trees."""
        if not self.name:
            return self.text.replace("&", "&amp;").replace("<", "&lt;")
        attributes = "".join(f" {key}={value!r}" for key, value in sorted(self.attributes.items()))
        return f"<{self.name}{attributes}>{''.join(child.show() for child in self.children)}</{self.name}>"


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("root")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].name == tag, f"</{tag}> closes <{self._open[-1].name}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        append(self._open[-1], Node("", text=data))


def append(parent: Node, node: Node) -> None:
    """Add a node; texts side by side become one."""
    if not node.name and parent.children and not parent.children[-1].name:
        parent.children[-1].text += node.text
    else:
        parent.children.append(node)


def parse(html: str) -> Node:
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert parser._open == [parser.root], "an element is not closed"
    return parser.root


class Page:
    """What a reader has on the screen."""

    def __init__(self, html: str) -> None:
        self.root = parse(html)

    def apply(self, html: str) -> None:
        for fragment in parse(html).children:
            swap = fragment.attributes.pop("hx-swap-oob")
            parent, place = self._find(str(fragment.attributes["id"]), self.root)
            if swap == "true":
                parent.children[place] = fragment
            else:
                assert swap == "grow", swap
                grow(parent.children[place], str(fragment.attributes["data-at"]), fragment.children)

    def show(self) -> str:
        return "".join(child.show() for child in self.root.children)

    def _find(self, id_: str, within: Node) -> tuple[Node, int]:
        found = list(_holders(id_, within))
        assert len(found) == 1, f"{len(found)} elements have the id {id_}"
        return found[0]


def _holders(id_: str, within: Node) -> list[tuple[Node, int]]:
    here = [(within, i) for i, child in enumerate(within.children) if child.attributes.get("id") == id_]
    return here + [found for child in within.children for found in _holders(id_, child)]


def grow(target: Node, at: str, additions: list[Node]) -> None:
    """Keep the target up to a point and append, as `static/js/stream/grow.js` does."""
    depth, keep, chars = map(int, at.split("."))
    for _ in range(depth):
        target = target.children[-1]
    kept = target.children[:keep]
    if chars:
        units = target.children[keep].text.encode("utf-16-le")[: 2 * chars]
        kept.append(Node("", text=units.decode("utf-16-le")))
    target.children = kept
    for node in additions:
        append(target, node)
