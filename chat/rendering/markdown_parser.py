"""Markdown to safe HTML by the library: CommonMark, GitHub's tables, tasks, strikethrough, links; footnotes, math.

HTML in the source is text. Every block goes through `sanitise.clean`, and only then gets our own elements (copy
button, scroll containers), which no text can forge. There is no white space between blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from chat.rendering import markdown_rules, math
from chat.rendering.highlight import CODE_END, code_start, highlighted
from chat.rendering.languages import language_of
from chat.rendering.markdown_html import Renderer
from chat.rendering.sanitise import clean, escape

# Deeper than any sensible text; what lies deeper is shown as its source (the parser itself would drop it).
MAX_NESTING = 20
_PRE = re.compile(r'<pre>(<code(?: class="language-([^"]+)")?>)')


def blocks_of(text: str) -> list[str]:
    """Return the HTML of each top-level block of visible text, one element each."""
    return [html for group in groups(PARSER.parse(text)) if (html := block_html(group, text))]


def groups(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Cut a token stream into its top-level blocks."""
    level = start = 0
    for position, token in enumerate(tokens, 1):
        level += token.nesting
        if level == 0:
            yield tokens[start:position]
            start = position


def block_html(tokens: Sequence[Token], source: str) -> str:
    """Return one top-level block as safe HTML with our own elements around code and tables."""
    first = tokens[0]
    if first.type == "fence":
        # Built from escaped text alone and so the same, whether in one go or line by line.
        language = language_of(first.info)
        return code_start(language) + highlighted(first.content, language) + CODE_END
    if any(token.level >= MAX_NESTING - 1 for token in tokens):
        return f"<p>{escape(_source(first, source))}</p>"
    return dressed(clean(tokens_html(tokens)))


def tokens_html(tokens: Sequence[Token]) -> str:
    """Return unsanitised HTML of a run of tokens."""
    return str(PARSER.renderer.render(tokens, PARSER.options, {}))


def dressed(html: str) -> str:
    """Put our own elements around code and tables in clean HTML.

    Sound because in clean HTML a literal `<pre>` or `<table>` can't come from text (there `<` is `&lt;`), nor from
    an attribute (links are percent-encoded, all other values come from closed sets).
    """
    if "<pre>" in html:
        html = _PRE.sub(lambda match: code_start(match[2] or ""), html).replace("</code></pre>", CODE_END)
    if "<table>" in html:
        html = html.replace("<table>", TABLE_START).replace("</table>", TABLE_END)
    return html


TABLE_START = '<div class="table" tabindex="0"><table>'
TABLE_END = "</table></div>"


def _source(token: Token, source: str) -> str:
    first, last = token.map or (0, None)
    return "\n".join(source.split("\n")[first:last]).rstrip()


def _parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "tasklists": True, "maxNesting": MAX_NESTING}
    md = MarkdownIt("commonmark", options, renderer_cls=Renderer).enable(["table", "strikethrough"])
    md.disable(["html_block", "html_inline"])
    markdown_rules.install(md)
    math.install(md)
    return md


PARSER = _parser()
