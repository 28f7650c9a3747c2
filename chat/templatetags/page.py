"""What the page's templates need beyond Django's own tags: icons, the theme, figures as people read them."""

from __future__ import annotations

import math

from django import template
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

THEMES = ("system", "light", "dark")
THEME_COOKIE = "theme"


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return a drawing of the sprite that `components/_icons.html` puts into every page."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#icon-{}"></use></svg>', name)


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """Return the theme of the reader's cookie, so that the first paint is already right."""
    request = context.get("request")
    if not isinstance(request, HttpRequest):  # the page for an error of ours is rendered without a request
        return THEMES[0]
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


@register.filter
def duration(seconds: float | None) -> str:
    """Return seconds as people say them: "0.4 s", "12 s", "3 min 5 s"."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = math.floor(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


@register.filter
def speed(tokens_per_s: float | None) -> str:
    """Return a speed without more digits than mean something."""
    if tokens_per_s is None:
        return ""
    return f"{tokens_per_s:.1f}" if tokens_per_s < 9.95 else f"{tokens_per_s:.0f}"


@register.filter
def gigabytes(size_bytes: int) -> str:
    """Return the size of a model as Ollama writes it (decimal units)."""
    if size_bytes >= 1_000_000_000:
        return f"{size_bytes / 1e9:.1f} GB"
    return f"{size_bytes / 1e6:.0f} MB"
