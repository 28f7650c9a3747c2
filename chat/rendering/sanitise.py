"""The last gate before the page: which characters, tags and attributes may pass at all.

Everything shown that a model or a person wrote goes through here. `Visible` removes characters that nobody can
see but a machine can read, piece by piece; `clean` is the allow-list for HTML. Nothing here trusts what the
Markdown parser promises: no `id`, `style`, `name`, `data-*`, `hx-*` or event attribute survives, and a class only
if it is one of ours.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape as html_escape

import nh3
from pygments.token import STANDARD_TYPES

from chat.rendering.languages import LANGUAGES


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SCHEMES = frozenset({"http", "https", "mailto"})
MATH_TAGS = _words(
    "math mrow mi mo mn ms mtext mspace msup msub msubsup munder mover munderover mmultiscripts mprescripts none"
    " mfrac msqrt mroot mtable mtr mtd mstyle mpadded mphantom menclose"
)
MATH_ATTRIBUTES = _words(
    "display mathvariant stretchy fence form separator lspace rspace minsize maxsize movablelimits accent"
    " accentunder linethickness columnalign rowspacing columnspacing columnlines rowlines width height depth"
    " displaystyle scriptlevel notation symmetric largeop"
)
TEXT_TAGS = _words(
    "p br hr h1 h2 h3 h4 h5 h6 em strong s code pre blockquote ul ol li a input table thead tbody tr th td sup div span"
)
HIGHLIGHT_CLASSES = frozenset(name for name in STANDARD_TYPES.values() if name)

_CLEANER = nh3.Cleaner(
    tags=set(TEXT_TAGS | MATH_TAGS),
    clean_content_tags={"script", "style"},
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}, **{tag: set(MATH_ATTRIBUTES) for tag in MATH_TAGS}},
    tag_attribute_values={"input": {"type": {"checkbox"}, "aria-label": {"Done", "To do"}, "checked": {""}}},
    set_tag_attribute_values={"a": {"target": "_blank"}, "input": {"disabled": ""}},
    allowed_classes={
        "span": set(HIGHLIGHT_CLASSES),
        "code": {f"language-{language}" for language in LANGUAGES},
        "li": {"task"},
        "div": {"footnote"},
        "sup": {"footnote-ref"},
        "th": {"align-left", "align-center", "align-right"},
        "td": {"align-left", "align-center", "align-right"},
    },
    link_rel="noopener noreferrer nofollow",
    url_schemes=set(SCHEMES),
    url_relative="deny",
)

# Invisible or reordering characters: tags (U+E0000…), bidi controls, fillers, joiners, variation selectors, controls.
# Joiners and selectors are given back by `_kept` where a script or an emoji needs them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
_REPLACED = {"\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"}
_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe0e\ufe0f"
_ENTITY = re.compile(r"&(?:amp|lt|gt|nbsp|quot);")


class Visible:
    """Pass on what can be seen, piece by piece; the result doesn't depend on where the pieces were cut."""

    __slots__ = ("_last", "_raw")

    def __init__(self) -> None:
        self._raw = ""
        self._last = ""

    def feed(self, piece: str) -> str:
        """Return the visible part of `piece`, which follows everything fed before."""
        if not piece:
            return ""
        before = self._raw
        self._raw = piece[-1]
        if _HIDDEN.search(piece) or before == "\r":
            piece = self._filtered(piece, before)
        self._last = piece[-1] if piece else self._last
        return piece

    def _filtered(self, piece: str, before: str) -> str:
        out: list[str] = []
        position = 0
        if before == "\r" and piece[0] == "\n":
            position = 1
        for match in _HIDDEN.finditer(piece, position):
            start = match.start()
            if start < position:
                continue
            if start > position:
                out.append(piece[position:start])
            position = match.end()
            character = match[0]
            if character == "\r":
                out.append("\n")
                position += piece.startswith("\n", position)
            elif "\ud800" <= character <= "\udfff":
                out.append("\ufffd")
            elif character in _REPLACED:
                out.append(_REPLACED[character])
            elif _kept(character, out[-1][-1] if out else self._last):
                out.append(character)
        out.append(piece[position:])
        return "".join(out)


def _kept(character: str, previous: str) -> bool:
    """Tell whether a joiner or selector has a job here, judged by the visible character before it alone."""
    if character not in _JOINERS + _SELECTORS or not previous or previous in _JOINERS:
        return False
    category = unicodedata.category(previous)
    if character in _SELECTORS:
        return previous in "#*0123456789" or category in ("So", "Sm", "Po")
    emoji = character == "\u200d" and (previous == "\ufe0f" or category in ("So", "Sk"))
    return emoji or ("\u0600" <= previous < "\u2000" and category[0] in "LM")


def visible(text: str) -> str:
    """Return `text` without what nobody can see; line ends become `\\n`."""
    return Visible().feed(text)


def clean(html: str) -> str:
    """Return the allowed part of `html`, as the one canonical spelling that `escape` uses too."""
    return _CLEANER.clean(html)


def escape(text: str) -> str:
    """Return `text` as HTML text, spelt as `clean` spells it."""
    text = html_escape(text, quote=False)
    return text.replace("\xa0", "&nbsp;") if "\xa0" in text else text


def units(text: str) -> int:
    """Count UTF-16 units, the way the browser's DOM counts characters."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def html_units(html: str) -> int:
    """Count the UTF-16 units that tag-free, escaped `html` has as text."""
    return units(_ENTITY.sub("_", html) if "&" in html else html)
