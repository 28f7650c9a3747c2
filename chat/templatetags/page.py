"""What the page's templates need beyond Django's own tags: icons, the theme, figures as people read them."""

from __future__ import annotations

from django import template
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chat.providers.types import ModelInfo
from chat.rendering import figures

register = template.Library()

THEMES = ("system", "light", "dark")
THEME_COOKIE = "theme"
ABILITIES = {"tools": "tools", "vision": "images", "thinking": "thinking"}


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


register.filter("duration", figures.seconds)
register.filter("speed", figures.speed)
register.filter("gigabytes", figures.gigabytes)


@register.filter
def abilities(model: ModelInfo) -> list[str]:
    """Return what a model can do besides chatting, in words for people."""
    named = model.capabilities or frozenset()
    return [word for ability, word in ABILITIES.items() if ability in named]
