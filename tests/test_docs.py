"""The reference is complete and the pages name only what is there."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from chat import errors
from chat.events.types import PAYLOADS
from tests.source_tree import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])
REFERENCE = {path.stem: path.read_text() for path in (DOCS / "reference").glob("*.md")}

# The first folder or file of a path of ours; other things in backticks may have slashes too.
OURS = ("accounts/", "chat/", "smail/", "static/", "templates/", "tests/", "requirements/", "docs/")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\s]+)`")


def named_in(page: str, name: str) -> bool:
    return re.search(rf"`{re.escape(name)}`", REFERENCE[page]) is not None


def settings() -> set[str]:
    """Return the names that the settings module asks the environment for."""
    text = (ROOT / "smail" / "settings.py").read_text()
    return set(re.findall(r'(?:env(?:\.\w+)?\(|choice\(env, )"([A-Z_]+)"', text))


def commands() -> set[str]:
    folders = [ROOT / app / "management" / "commands" for app in ("accounts", "chat", "smail")]
    return {path.stem for folder in folders for path in folder.glob("*.py") if not path.stem.startswith("_")}


def error_codes() -> set[str]:
    kinds = (kind for kind in vars(errors).values() if isinstance(kind, type))
    return {kind.code for kind in kinds if issubclass(kind, errors.SmailError)}


@pytest.mark.parametrize("name", sorted(settings()))
def test_every_setting_is_in_the_reference(name: str) -> None:
    assert named_in("settings", name), f"docs/reference/settings.md does not explain {name}"


@pytest.mark.parametrize("name", sorted(settings() - {"SECRET_KEY"}))
def test_every_setting_is_in_the_example(name: str) -> None:
    assert re.search(rf"^#?{name}=", (ROOT / ".env.example").read_text(), re.MULTILINE), f".env.example lacks {name}"


def test_the_reference_explains_no_setting_that_is_gone() -> None:
    explained = set(re.findall(r"^\| `([A-Z_]+)` \|", REFERENCE["settings"], re.MULTILINE))
    assert explained == settings()


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_is_in_the_reference(name: str) -> None:
    assert re.search(rf"^## `{name}`$", REFERENCE["commands"], re.MULTILINE), f"commands.md needs a part on {name}"


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_every_event_is_in_the_reference(name: str) -> None:
    row = next((line for line in REFERENCE["events"].splitlines() if line.startswith(f"| `{name}` |")), "")
    missing = [field.name for field in fields(PAYLOADS[name]) if f"`{field.name}`" not in row]
    assert row, f"docs/reference/events.md has no row for {name}"
    assert not missing, f"its row lacks {missing}"


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_every_error_code_is_in_the_reference(code: str) -> None:
    assert named_in("errors", code), f"docs/reference/errors.md does not explain {code}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_named_is_there(page: Path) -> None:
    named = {code.split(":")[0] for code in CODE.findall(page.read_text()) if code.startswith(OURS)}
    paths = {path for path in named if not re.search(r"[<>*…{]", path)}
    assert not [path for path in sorted(paths) if not (ROOT / path).exists()], "these are gone"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = {link.split("#")[0] for link in LINK.findall(page.read_text()) if "://" not in link}
    assert not [target for target in sorted(targets) if target and not (page.parent / target).exists()]


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: str(path.relative_to(DOCS)))
def test_every_page_can_be_found_from_the_index(path: Path) -> None:
    linked = {(DOCS / link.split("#")[0]).resolve() for link in LINK.findall((DOCS / "index.md").read_text())}
    assert path.name == "index.md" or path.resolve() in linked or path.parent.resolve() in linked
