"""Patches that turn the HTML a page shows into the HTML it shall show, at the cost of what has grown.

`GrowingText` is what the stream uses, one for each growing part of an answer: give it the text so far, send what
it returns. A patch is a `Grow`; the page applies it with htmx's swap style `grow` (`static/js/stream/grow.js`).
"""

from __future__ import annotations

from dataclasses import dataclass

from chat.rendering.markdown import render


@dataclass(frozen=True, slots=True)
class Grow:
    """Go `depth` times to the last child; keep `keep` nodes and `chars` UTF-16 units there; append `html`."""

    depth: int
    keep: int
    chars: int
    html: str


def wrap(target_id: str, grow: Grow) -> str:
    """Return the out-of-band fragment that carries a patch."""
    at = f"{grow.depth}.{grow.keep}.{grow.chars}"
    return f'<template id="{target_id}" hx-swap-oob="grow" data-at="{at}">{grow.html}</template>'


class GrowingText:
    """The growing Markdown of one element of the page."""

    def __init__(self, target_id: str) -> None:
        self._target_id = target_id
        self._html = ""

    @property
    def html(self) -> str:
        """All that the page shows now."""
        return self._html

    def advance(self, text: str) -> str:
        """Return the fragments that make the page show `text` so far; "" if it does already."""
        return self._show(render(text))

    def finish(self, text: str) -> str:
        """Return the fragments that make the page show exactly `render(text)`."""
        return self._show(render(text))

    def _show(self, html: str) -> str:
        if html == self._html:
            return ""
        self._html = html
        return wrap(self._target_id, Grow(0, 0, 0, html))
