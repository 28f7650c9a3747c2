"""What we read as Markdown beyond the library: bare links, footnotes without ids, and which links are links.

Each rule costs no more than the text it looks at: the library's own rules for bare links and footnotes are
quadratic in their number, which a hostile text can use.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote.index import footnote_def

_URL_REST = re.compile(r"://[\w\[](?:[^\s<>\"'`{}|\\^\x00-\x1f　-〟！-｠“”‘’]){0,2047}")
_URL_TRAIL = "?!.,:;*_~'\"]"
_FOOTNOTE = re.compile(r"\[\^([\w.-]{1,64})\]")
_LINK = re.compile(r"(?:https?://[^/?#]|mailto:[^@]+@)", re.IGNORECASE)


# One paragraph with more marks than this is no prose; reading them would take a tenth of a second and more.
MAX_BRACKETS = 500
MAX_MARKS = 10_000
_MARKS = re.compile(r"[*_~`<&!$\\:\[]")


# Short table rows are filled up to the head's width: without a tight limit two characters become a page of cells.
MAX_FILLED_CELLS = 256
table.__globals__["MAX_AUTOCOMPLETED_CELLS"] = MAX_FILLED_CELLS


def install(md: MarkdownIt) -> None:
    """Teach `md` our rules."""
    md.validateLink = _valid_link  # type: ignore[method-assign]  # its documented hook
    md.inline.ruler.before("text", "bare_link", _bare_link)
    md.inline.ruler.before("link", "footnote_ref", _footnote_reference)
    md.block.ruler.before("reference", "footnote_def", footnote_def, {"alt": ["paragraph", "reference"]})
    md.core.ruler.at("inline", _inline)
    md.core.ruler.after("inline", "linked_images", _mark_linked_images)


def _inline(state: StateCore) -> None:
    """Read the text inside blocks, as the library does; what has an absurd number of marks stays as it is."""
    for token in state.tokens:
        if token.type == "inline":
            token.children = []
            if token.content.count("[") <= MAX_BRACKETS and _few_marks(token.content):
                state.md.inline.parse(token.content, state.md, state.env, token.children)
            else:
                token.children.append(Token("text", "", 0, content=token.content))


def _few_marks(text: str) -> bool:
    return len(text) <= MAX_MARKS or sum(1 for _ in _MARKS.finditer(text)) <= MAX_MARKS


def _footnote_reference(state: StateInline, silent: bool) -> bool:
    """Read `[^label]`; its note needn't be known, so nothing shown changes when the note comes."""
    match = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.push("footnote_ref", "", 0).content = match[1]
    state.pos = match.end()
    return True


def _bare_link(state: StateInline, silent: bool) -> bool:
    """Link `http://…` and `https://…` in plain text (the library's own rule is quadratic in their number)."""
    if state.linkLevel > 0 or not state.src.startswith("://", state.pos):
        return False
    scheme = next((name for name in ("https", "http") if state.pending.endswith(name)), "")
    before = state.pending[: -len(scheme)][-1:] if scheme else ""
    match = _URL_REST.match(state.src, state.pos, state.posMax)
    if not scheme or before.isalnum() or match is None:
        return False
    rest = _trimmed(match[0])
    href = state.md.normalizeLink(scheme + rest)
    if not state.md.validateLink(href):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme)]
        state.push("link_open", "a", 1).attrs = {"href": href}
        state.push("text", "", 0).content = state.md.normalizeLinkText(scheme + rest)
        state.push("link_close", "a", -1)
    state.pos += len(rest)
    return True


def _trimmed(url: str) -> str:
    """Leave the sentence's punctuation, and a bracket that the link didn't open, out of the link."""
    extra = url.count(")") - url.count("(")
    end = len(url)
    while end > 4:
        if url[end - 1] == ")" and extra > 0:
            extra -= 1
        elif url[end - 1] not in _URL_TRAIL:
            break
        end -= 1
    return url[:end]


def _mark_linked_images(state: StateCore) -> None:
    """Tell images inside links apart: a link in a link would break the outer one."""
    for block in state.tokens:
        level = 0
        for token in block.children or ():
            level += token.nesting if token.tag == "a" else 0
            if token.type == "image" and level:
                token.meta["in_link"] = True


def _valid_link(url: str) -> bool:
    """Allow absolute links to pages and mail only; a relative one could only lead into this very application."""
    return _LINK.match(url) is not None
