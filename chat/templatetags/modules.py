"""The page's JavaScript modules, found by following their imports, so that the browser may fetch all of them at once.

Without the list it learns of each level of imports only after the level above has come: four round trips before
the first paint, which waits for the script (a chat opens at its end, and must not be seen to jump there).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from posixpath import dirname, join, normpath

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()

IMPORT = re.compile(r"""^(?:import|export)\b[^'"]*?["'](\.{1,2}/[^"']+)["'];""", re.MULTILINE)


@register.simple_tag
def module_preloads(name: str) -> SafeString:
    """Return a preload link for each module that this one imports, however far down."""
    links = ((static(found),) for found in _imported(name))
    return format_html_join("\n", '<link rel="modulepreload" href="{}">', links)


@cache
def _imported(name: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    _follow(name, found)
    return tuple(module for module in found if module != name)


def _follow(name: str, found: dict[str, None]) -> None:
    if name in found:
        return
    found[name] = None
    for imported in _imports_of(name):
        _follow(imported, found)


def _imports_of(name: str) -> Iterator[str]:
    path = finders.find(name)
    if isinstance(path, str):
        for target in IMPORT.findall(Path(path).read_text(encoding="utf-8")):
            yield normpath(join(dirname(name), target))
