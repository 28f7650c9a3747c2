"""Markdown's tokens to HTML: the library's renderer without its white space, ids and remote images.

Makes HTML that is not yet sanitised; `markdown.block_html` is the caller that does that.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from chat.rendering import math
from chat.rendering.highlight import highlighted
from chat.rendering.languages import language_of
from chat.rendering.sanitise import escape

Env = MutableMapping[str, Any]
_TO_DO = '<li class="task"><input type="checkbox" aria-label="To do" disabled> '
_DONE = '<li class="task"><input type="checkbox" aria-label="Done" checked disabled> '


class Renderer(RendererHTML):
    """A method a token type; what is not named here is rendered by `renderToken`."""

    def renderToken(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        token = tokens[idx]
        if token.hidden:
            return ""
        if token.nesting == -1:
            return f"</{token.tag}>"
        return f"<{token.tag}{self.renderAttrs(token)}>"

    def list_item_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        checked = tokens[idx].meta.get("checked")
        if checked is None:
            return "<li>"
        return _DONE if checked else _TO_DO

    def th_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        return _cell(tokens[idx])

    def td_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        return _cell(tokens[idx])

    def code_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        return f"<pre><code>{escape(tokens[idx].content)}</code></pre>"

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        language = language_of(tokens[idx].info)
        kind = f' class="language-{language}"' if language else ""
        return f"<pre><code{kind}>{highlighted(tokens[idx].content, language)}</code></pre>"

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        """Show a link: a remote image would tell its server who reads what, and when."""
        token = tokens[idx]
        source = str(token.attrs.get("src", ""))
        label = escape(self.renderInlineAsText(token.children, options, env) or source)
        return label if token.meta.get("in_link") else f'<a href="{escape(source)}">{label}</a>'

    def hardbreak(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        return "<br>"

    def math_inline(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        display = "block" if tokens[idx].markup in ("$$", "\\[") else "inline"
        return math.mathml(tokens[idx].content, display)

    def math_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        return f"<p>{math.mathml(tokens[idx].content, 'block')}</p>"

    def footnote_ref(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        return _mark(tokens[idx].content)

    def footnote_reference_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        return f'<div class="footnote">{_mark(tokens[idx].meta["label"])}'

    def footnote_reference_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
        return "</div>"


def _cell(token: Token) -> str:
    align = str(token.attrs.get("style", "")).removeprefix("text-align:")
    return f'<{token.tag} class="align-{align}">' if align else f"<{token.tag}>"


def _mark(label: str) -> str:
    return f'<sup class="footnote-ref">[{escape(label)}]</sup>'
