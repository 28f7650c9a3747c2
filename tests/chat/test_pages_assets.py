"""What a page pulls in: every module at once, every stylesheet that is there, and pages for errors."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client

from chat.templatetags.modules import module_preloads

STATIC = Path(settings.BASE_DIR) / "static"


def linked(pattern: str, page: str) -> set[Path]:
    return {STATIC / name for name in re.findall(pattern, page)}


def test_every_module_that_the_page_needs_is_fetched_at_once() -> None:
    preloaded = linked(r'href="/static/([^"]+)"', module_preloads("js/app.js"))
    imported = {
        (file.parent / target).resolve()
        for file in [*preloaded, STATIC / "js/app.js"]
        for target in re.findall(r'(?:from|import)\s*"(\.[^"]+)"', file.read_text())
    }
    assert preloaded == imported and STATIC / "js/stream/manager.js" in preloaded


def test_every_stylesheet_of_the_page_is_linked_and_is_there(visitor: Client) -> None:
    linked_ones = linked(r'<link rel="stylesheet" href="/static/([^"]+)"', visitor.get("/chat/").content.decode())
    assert linked_ones == set((STATIC / "css").rglob("*.css")) - {STATIC / "css/components/auth.css"}


def test_raw_colours_are_in_the_tokens_alone() -> None:
    for file in (STATIC / "css").rglob("*.css"):
        if file.name != "tokens.css":
            assert not re.search(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(", file.read_text()), file.name


def test_every_stylesheet_is_in_a_layer() -> None:
    for file in (STATIC / "css").rglob("*.css"):
        rules = re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL).strip()
        assert rules.startswith("@layer "), file.name


def test_pages_for_errors_need_no_request() -> None:
    for code, words in (("404", "Not found"), ("403", "Not allowed"), ("403_csrf", "out of date"), ("500", "our side")):
        page = render_to_string(f"{code}.html")
        assert words in page and 'data-theme="system"' in page
