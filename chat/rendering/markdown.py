"""Markdown to safe HTML, one shot.

`render` is the truth that every stream ends in, and it is made by the same steps: the text is cut into blocks and
these are rendered one by one. A message's body has no white space between its blocks, so its children are its blocks.
"""

from __future__ import annotations

from chat.rendering.blocks import whole
from chat.rendering.sanitise import visible


def render(text: str) -> str:
    """Return the HTML of a complete text."""
    return whole(visible(text))
