"""The map holds: who may import whom, who may speak to whom, and how large things may grow.

A failure names the file and line and says what to do. The figures are budgets: raising one is a decision
(docs/decisions/), not a fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from statistics import mean, median

import pytest

from tests.source_tree import ROOT, Import, Module, files, length, modules, parameters, requirement_lines

MODULES = modules()

# A module may import modules of a lower level, and of its own part. The first prefix that fits counts.
LEVELS = (
    ("chat.events.types", 0), ("chat.events.fold", 0),
    ("chat.providers", 1), ("chat.errors", 1), ("chat.conf", 1), ("chat.metrics", 1),
    ("accounts", 2), ("chat.models", 2),
    ("chat.events", 3),
    ("chat.actions", 4), ("chat.queries", 4), ("chat.rendering", 4), ("chat.tools", 4),
    ("chat.templatetags", 4), ("chat.forms", 4),
    ("chat.views", 5), ("chat.transports", 5), ("chat.api", 5), ("chat.generation", 5), ("chat.features", 5),
    ("chat.management", 6), ("chat.admin", 6), ("chat.urls", 6), ("chat.routing", 6), ("chat.apps", 6), ("smail", 6),
)  # fmt: skip
# Level 5 has no roads inside, and neither have the folders of features/.
CLOSED_LEVEL = 5

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
# At most five, each with its reason.
LONG_FUNCTIONS: dict[str, str] = {}
MOST_PARAMETERS = 6
PER_THOUSAND_LINES = 0.5
BASE_REQUIREMENTS = 21
LONGEST_TEMPLATE, LONGEST_SCRIPT, LONGEST_STYLE = 120, 300, 400
NAMELESS = ("utils", "util", "helpers", "helper", "misc", "common", "tools_utils")


def fail_with(rule: str, found: Iterable[str]) -> None:
    found = list(found)
    if found:
        pytest.fail(f"{rule}\n  " + "\n  ".join(found), pytrace=False)


def level_of(name: str) -> int | None:
    return next((level for prefix, level in LEVELS if name == prefix or name.startswith(f"{prefix}.")), None)


def part_of(name: str) -> str:
    """Return the part of the map: a folder of chat, a single feature, or an app."""
    names = name.split(".")
    return ".".join(names[: 3 if names[:2] == ["chat", "features"] else 2 if names[0] == "chat" else 1])


def project_imports(module: Module) -> list[Import]:
    return [found for found in module.imports if found.target.split(".")[0] in ("smail", "accounts", "chat")]


def may_import(module: str, target: str) -> bool:
    here, there = level_of(module), level_of(target)
    if here is None or there is None or part_of(module) == part_of(target):
        return True
    return there <= here and not (here == there == CLOSED_LEVEL)


# --- who may import whom ---------------------------------------------------------------------------------------


def test_every_module_has_a_level() -> None:
    known = {"chat", "accounts", "smail"}
    fail_with(
        "Each part of chat/ needs its place in LEVELS (see docs/architecture.md):",
        (module.name for module in MODULES if module.name not in known and level_of(module.name) is None),
    )


def test_imports_point_down() -> None:
    fail_with(
        "Imports point down only: 6 smail, management, admin > 5 views | transports | api | generation | features "
        "(none imports another) > 4 actions, queries, rendering, tools > 3 events > 2 models > 1 providers, errors, "
        "conf, metrics. Move the shared part down, or let the upper part hand it in:",
        (
            f"{module.at(found.line)} {module.name} imports {found.target}"
            for module in MODULES
            for found in project_imports(module)
            if not may_import(module.name, found.target)
        ),
    )


def test_accounts_never_imports_chat() -> None:
    fail_with(
        "accounts stands aside and must work without chat:",
        (
            f"{module.at(found.line)} imports {found.target}"
            for module in MODULES
            if module.name.startswith("accounts")
            for found in project_imports(module)
            if found.target.startswith("chat")
        ),
    )


def test_there_are_no_cycles() -> None:
    graph = {
        module.name: {found.target for found in project_imports(module) if not found.typing_only} - {module.name}
        for module in MODULES
    }
    fail_with("Modules import each other in a circle; take the shared part out:", find_cycles(graph))


def find_cycles(graph: dict[str, set[str]]) -> list[str]:
    """Return a line for each module that can reach itself."""
    return [f"{name} → … → {name}" for name in graph if name in reachable(graph, name)]


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(graph.get(name, ()))
    return seen


@pytest.mark.parametrize(
    ("library", "allowed", "why"),
    [
        ("channels.layers", ("chat.events.nudge",), "the channel layer carries nudges only, and only from there"),
        ("httpx", ("chat.providers",), "only providers speak to models"),
        ("aiohttp", ("chat.providers",), "only providers speak to models"),
        ("xllamacpp", ("chat.features.local_model",), "the engine runs in its own process"),
    ],
)
def test_libraries_stay_where_they_belong(library: str, allowed: tuple[str, ...], why: str) -> None:
    fail_with(
        f"{library} may be imported in {', '.join(allowed)} alone: {why}.",
        (
            module.at(found.line)
            for module in MODULES
            if not module.name.startswith(allowed)
            for found in module.imports
            if found.target == library or found.target.startswith(f"{library}.")
        ),
    )


def test_text_never_goes_through_a_channel_layer() -> None:
    fail_with(
        "Only chat/events/nudge.py sends to groups; text is read from the event log:",
        (
            module.at(number)
            for module in MODULES
            if module.name.startswith("chat") and module.name != "chat.events.nudge"
            for number, line in enumerate(module.lines, 1)
            if "group_send" in line
        ),
    )


# --- how large things may grow -----------------------------------------------------------------------------------


def test_modules_stay_small() -> None:
    sizes = {module.path: len(module.lines) for module in MODULES}
    fail_with(
        f"A module ends at {LONGEST_MODULE} lines; split it by what its parts are about:",
        (f"{path.relative_to(ROOT)}: {size}" for path, size in sizes.items() if size > LONGEST_MODULE),
    )
    assert sorted(sizes.values())[int(len(sizes) * 0.9)] <= 220, "nine of ten modules have at most 220 lines"


def test_functions_fit_on_a_screen() -> None:
    found = {
        f"{module.at(function.lineno)} {function.name}": length(function)
        for module in MODULES
        for function in module.functions
    }
    fail_with(
        f"A function ends at {LONGEST_FUNCTION} lines (docstring not counted); give its steps names:",
        (f"{name}: {size}" for name, size in found.items() if size > LONGEST_FUNCTION and name not in LONG_FUNCTIONS),
    )
    assert len(LONG_FUNCTIONS) <= 5
    assert median(found.values()) <= 7, "the middle function has at most 7 lines"
    assert mean(found.values()) <= 11, "functions have at most 11 lines on average"


def test_functions_take_few_parameters() -> None:
    functions = [(module, function) for module in MODULES for function in module.functions]
    many = [
        f"{module.at(function.lineno)} {function.name}"
        for module, function in functions
        if parameters(function) > MOST_PARAMETERS
    ]
    if len(many) > len(functions) / 100:
        fail_with(f"At most 1 % of the functions take more than {MOST_PARAMETERS} parameters; use a dataclass:", many)


def test_every_function_says_what_it_returns() -> None:
    fail_with(
        "Every function has a return type:",
        (
            f"{module.at(function.lineno)} {function.name}"
            for module in MODULES
            for function in module.functions
            if function.returns is None and function.name != "__init__"
        ),
    )


def test_every_module_opens_by_saying_what_it_is_for() -> None:
    fail_with(
        "A module opens with a docstring:",
        (
            module.at(1)
            for module in MODULES
            if module.text.strip() and not module.text.lstrip("\n").startswith(('"""', 'r"""'))
        ),
    )


def test_imports_in_functions_are_rare_and_say_why() -> None:
    places = [(m, found.line) for m in MODULES for found in m.imports if found.deferred and not found.typing_only]
    fail_with("An import inside a function needs a comment with its reason:", without_reason(places))
    within_share(places, "imports inside functions")


def test_broad_handlers_are_rare_and_say_why() -> None:
    places = [(module, line) for module in MODULES for line in module.broad_handlers]
    fail_with("Catching everything needs a comment with its reason:", without_reason(places))
    within_share(places, "handlers that catch everything")


def without_reason(places: list[tuple[Module, int]]) -> list[str]:
    return sorted({module.at(line) for module, line in places if not module.has_reason(line)})


def within_share(places: list[tuple[Module, int]], what: str) -> None:
    lines = sum(len(module.lines) for module in MODULES)
    found = sorted({module.at(line) for module, line in places})
    if len(found) > max(1, lines / 1000 * PER_THOUSAND_LINES):
        fail_with(f"{len(found)} {what} in {lines} lines; at most {PER_THOUSAND_LINES} a thousand:", found)


def test_tasks_belong_to_task_groups() -> None:
    bare = re.compile(r"(asyncio|loop)\.(create_task|ensure_future)\(")
    root = "smail.lifetime"  # one task has no group above it
    fail_with(
        "Tasks are made in a TaskGroup: one that nobody awaits loses its errors:",
        (
            module.at(number)
            for module in MODULES
            if module.name != root
            for number, line in enumerate(module.lines, 1)
            if bare.search(line)
        ),
    )


def test_files_are_named_after_their_subject() -> None:
    paths = [*(module.path for module in MODULES), *files("static", ".js"), *files("tests", ".py")]
    fail_with(
        "A file is named after what it is about:",
        (str(path.relative_to(ROOT)) for path in paths if path.stem in NAMELESS),
    )


def test_every_requirement_is_a_decision() -> None:
    lines = requirement_lines("requirements/base.txt")
    assert len(lines) <= BASE_REQUIREMENTS, "a new line in requirements/base.txt needs a page in docs/decisions/"
    for path in ("requirements/base.txt", "requirements/dev.txt", "requirements/local-model.txt"):
        fail_with(f"{path} pins every version:", (line for line in requirement_lines(path) if "==" not in line))


# --- pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "suffix", "limit"),
    [
        ("templates", ".html", LONGEST_TEMPLATE),
        ("static/js", ".js", LONGEST_SCRIPT),
        ("static/css", ".css", LONGEST_STYLE),
    ],
)
def test_page_files_stay_small(folder: str, suffix: str, limit: int) -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in files(folder, suffix)}
    fail_with(
        f"A {suffix} file has at most {limit} lines:",
        (f"{path.relative_to(ROOT)}: {size}" for path, size in sizes.items() if size > limit),
    )


INLINE = {
    "inline script": re.compile(r"<script(?![^>]*\b(src|type=\"(importmap|application/json)\"))[^>]*>", re.IGNORECASE),
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "javascript: link": re.compile(r"javascript:", re.IGNORECASE),
}


@pytest.mark.parametrize("what", INLINE)
def test_templates_hold_no_code(what: str) -> None:
    found = hits(files("templates", ".html"), INLINE[what])
    fail_with(
        f"No {what} in templates: the content security policy refuses it. Use a custom element and a style sheet:",
        (f"{path.relative_to(ROOT)}: {hit.strip()[:80]}" for path, hit in found),
    )


def test_important_is_for_utilities() -> None:
    styles = [path for path in files("static/css", ".css") if "utilities" not in path.name]
    found = hits(styles, re.compile(r"^.*!important.*$", re.MULTILINE))
    fail_with("!important is for utilities:", (f"{path.relative_to(ROOT)}: {hit.strip()[:80]}" for path, hit in found))


def hits(paths: list[Path], pattern: re.Pattern[str]) -> list[tuple[Path, str]]:
    """Return every hit outside comments."""
    comments = re.compile(r"{#.*?#}|{% comment.*?endcomment %}|<!--.*?-->|/\*.*?\*/", re.DOTALL)
    return [(path, hit.group()) for path in paths for hit in pattern.finditer(comments.sub("", path.read_text()))]


# --- the rules themselves ------------------------------------------------------------------------------------------


def test_the_rules_can_fail() -> None:
    assert not may_import("chat.models.message", "chat.actions.send")
    assert not may_import("chat.views.pages", "chat.transports.hub")
    assert not may_import("chat.features.search", "chat.features.batch")
    assert may_import("chat.features.search.page", "chat.features.search.index")
    assert may_import("chat.providers.ollama", "chat.events.types")
    assert find_cycles({"a": {"b"}, "b": {"a"}, "c": {"a"}}) == ["a → … → a", "b → … → b"]
    assert INLINE["inline script"].search("<script>") and INLINE["inline script"].search('<script nonce="x">')
    assert not INLINE["inline script"].search('<script type="module" src="/x.js">')
    assert INLINE["event attribute"].search('<a href="x" onclick="y">')
