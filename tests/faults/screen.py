"""What a page's reader has on the screen: the messages of one chat, and the swaps that frames make on them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tests.chat.page_model import Node, append, grow, parse

ARTICLE = re.compile(r"<article\b.*?</article>", re.DOTALL)
CURSORS = re.compile(r'<script id="cursors"[^>]*>(.*?)</script>', re.DOTALL)


class Screen:
    """Made from a page as the server renders it; `notices` are the fragments that do not concern its messages."""

    def __init__(self, html: str) -> None:
        found = CURSORS.search(html)
        assert found is not None, html[:500]
        self.cursors: dict[str, int] = json.loads(found[1])
        self.messages = Node("div", children=parse("".join(ARTICLE.findall(html))).children)
        self.notices: list[str] = []
        self.shrank: list[str] = []

    @property
    def last(self) -> str:
        """Return the last message shown as the page names it: its id and, for an answer, that of its generation."""
        if not self.messages.children:
            return ""
        attributes = self.messages.children[-1].attributes
        message = str(attributes.get("id", "")).removeprefix("message-")
        return f"{message}.{attributes['data-generation']}" if "data-generation" in attributes else message

    @property
    def last_message(self) -> str:
        """Return the id of the last message shown."""
        return self.last.partition(".")[0]

    def apply(self, html: str) -> None:
        """Make the swaps, and note every text that lost what it had shown."""
        before = self.texts()
        for fragment in parse(html).children:
            self._swap(fragment)
        after = self.texts()
        self.shrank += [f"{before[id_]!r} → {text!r}" for id_, text in after.items() if not _grew(before, id_, text)]

    def show(self) -> str:
        """Return all of it as HTML that is equal for equal pages."""
        return "\n".join(child.show() for child in self.messages.children)

    def texts(self) -> dict[str, str]:
        """Return by id the text of each message, without white space."""
        articles = {
            str(node.attributes.get("id", "")).removeprefix("message-"): node for node in self.messages.children
        }
        return {id_: self.text(id_) for id_ in articles}

    def text(self, message: str) -> str:
        return squeezed(_words(self.part(message, "body")))

    def words_of(self, message: str, part: str) -> str:
        return _words(self.part(message, part)).strip()

    def state(self, message: str) -> str:
        """Return the state that the page shows, "" while it does not have the message."""
        found = _holder(f"message-{message}-status", self.messages)
        return str(found[0].children[found[1]].attributes["data-state"]) if found else ""

    def part(self, message: str, part: str) -> Node:
        found = _holder(f"message-{message}-{part}", self.messages)
        assert found is not None, f"the page has no {part} of {message}"
        return found[0].children[found[1]]

    def _swap(self, fragment: Node) -> None:
        swap = str(fragment.attributes.pop("hx-swap-oob"))
        holder = _holder(str(fragment.attributes.get("id", "")), self.messages)
        if swap == "beforeend:#messages":
            for article in fragment.children:
                self._put(article)
        elif holder is None and fragment.name == "article":
            self._put(fragment)
        elif holder is None or swap not in ("true", "grow"):
            assert swap != "grow", "a patch for what is not there"
            self.notices.append(fragment.show())
        elif swap == "true":
            holder[0].children[holder[1]] = fragment
        else:
            grow(holder[0].children[holder[1]], str(fragment.attributes["data-at"]), fragment.children)

    def _put(self, article: Node) -> None:
        """Add an article; one that is there already is replaced where it is."""
        holder = _holder(str(article.attributes["id"]), self.messages)
        if holder is None:
            append(self.messages, article)
        else:
            holder[0].children[holder[1]] = article


def squeezed(text: str) -> str:
    """Return the text without white space: between blocks the page has other white space than Markdown."""
    return "".join(text.split())


def _grew(before: dict[str, str], id_: str, text: str) -> bool:
    return text.startswith(before.get(id_, ""))


def _words(node: Node) -> str:
    return node.text + "".join(_words(child) for child in node.children)


def _holder(id_: str, within: Node) -> tuple[Node, int] | None:
    return next(_holders(id_, within), None) if id_ else None


def _holders(id_: str, within: Node) -> Iterator[tuple[Node, int]]:
    for place, child in enumerate(within.children):
        if child.attributes.get("id") == id_:
            yield within, place
        else:
            yield from _holders(id_, child)
