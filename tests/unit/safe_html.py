"""What HTML of ours may contain, checked by rules of its own: a second opinion on the sanitiser's allow-list."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tests.unit.page_model import Element, tree


def _words(text: str) -> set[str]:
    return set(text.split())


TAGS = _words(
    "p br hr h1 h2 h3 h4 h5 h6 em strong s code pre blockquote ul ol li a input table thead tbody tr th td sup div span"
    " copy-button button"
)
MATH = _words(
    "math mrow mi mo mn ms mtext mspace msup msub msubsup munder mover munderover mmultiscripts mprescripts none mfrac"
    " msqrt mroot mtable mtr mtd mstyle mpadded mphantom menclose"
)
OWN_CLASSES = {
    "code", "code__bar", "code__language", "table", "task", "footnote", "footnote-ref",
    "align-left", "align-center", "align-right",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "rel", "target"},
    "ol": {"start"},
    "input": {"type", "aria-label", "checked", "disabled"},
    "pre": {"tabindex"},
    "div": {"tabindex"},
    "button": {"type"},
}
FORBIDDEN = re.compile(r"^(?:on|hx-|data-|ws-|sse-|style$|id$|name$|src|form|x?link|is$|slot$|xmlns)", re.I)


def assert_safe(html: str) -> None:
    """Fail if `html` holds anything that isn't on the lists above."""
    _check(tree(html))


def _check(element: Element) -> None:
    for child in element.children:
        if isinstance(child, Element):
            assert child.tag in TAGS | MATH, child.tag
            _check_attributes(child)
            _check(child)


def _check_attributes(element: Element) -> None:
    for name, value in element.attributes.items():
        assert not FORBIDDEN.match(name), (element.tag, name)
        if name == "class":
            _check_classes(element.tag, value or "")
        elif element.tag not in MATH:
            assert name in ATTRIBUTES.get(element.tag, set()), (element.tag, name)
    if element.tag == "a":
        assert element.attributes["rel"] == "noopener noreferrer nofollow"
        assert element.attributes["target"] == "_blank"
        assert urlsplit(element.attributes.get("href") or "http:").scheme in {"http", "https", "mailto"}
    if element.tag == "input":
        assert element.attributes["type"] == "checkbox" and "disabled" in element.attributes


def _check_classes(tag: str, value: str) -> None:
    for name in value.split():
        short = tag == "span" and re.fullmatch(r"[a-z][a-z0-9]{0,2}", name)
        language = tag == "code" and re.fullmatch(r"language-[a-z0-9+#._-]+", name)
        assert short or language or name in OWN_CLASSES, (tag, name)
