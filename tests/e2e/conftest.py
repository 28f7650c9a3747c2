"""A real server, a real browser, a simulated model server; one person and one network for each test.

Playwright is started by hand rather than by its pytest plugin: it must be gone before other tests run event loops.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.e2e.browser import Tab
from tests.e2e.server import ServerProcess
from tests.e2e.wire import Wire
from tests.ollama_sim import OllamaSimThread, Reply
from tests.ollama_sim.wire import Request

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-features=OptimizationHints,MediaRouter,DialMediaRouteProvider",
]
WAIT_MS = 15_000  # a busy machine is no reason to fail
Script = Callable[[str, Reply], None]


@pytest.fixture(scope="package")
def model_server() -> Iterator[OllamaSimThread]:
    with OllamaSimThread(slots=16, tokens_per_s=60.0) as sim:
        yield sim


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory, model_server: OllamaSimThread) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("server"), port=free_port(), ollama_url=model_server.url)
    process.set_up()
    with process:
        yield process


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def wire(server: ServerProcess) -> Iterator[Wire]:
    """The network of this test."""
    with Wire(server.port) as wire:
        yield wire


@pytest.fixture
def person(server: ServerProcess) -> str:
    """The session key of somebody who has never been here."""
    return server.session_keys.pop()


@pytest.fixture
def new_profile(chromium: Browser, wire: Wire, person: str) -> Iterator[Callable[..., BrowserContext]]:
    """Make browsers with this person signed in; `wire=` puts another network between."""
    contexts: list[BrowserContext] = []

    def make(*, signed_in: bool = True, through: Wire = wire, **options: object) -> BrowserContext:
        context = chromium.new_context(base_url=through.url, **options)  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MS)
        if signed_in:
            context.add_cookies([{"name": "sessionid", "value": person, "url": through.url}])
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def new_tab(new_profile: Callable[..., BrowserContext]) -> Iterator[Callable[..., Tab]]:
    """Open tabs; at the end none may have broken the policy or printed an error."""
    tabs: list[Tab] = []

    def make(context: BrowserContext | None = None, **options: object) -> Tab:
        context = context or new_profile(**options)
        tab = Tab(context.new_page(), context._impl_obj._options["baseURL"])
        tabs.append(tab)
        return tab

    yield make
    for tab in tabs:
        assert tab.violations() == []
        assert tab.problems == []


@pytest.fixture
def tab(new_tab: Callable[..., Tab]) -> Tab:
    return new_tab()


@pytest.fixture
def script(model_server: OllamaSimThread) -> Iterator[Script]:
    """Say how the model answers one prompt. Gates that are still shut at the end of the test are opened."""
    gates: set[str] = set()

    def add(prompt: str, answer: Reply) -> None:
        gates.update(step.gate for step in answer.steps if hasattr(step, "gate"))
        model_server.script(answer, when=lambda request: asked(request) == prompt)

    yield add
    for gate in gates:
        model_server.open(gate)


@pytest.fixture(scope="package")
def axe() -> Path:
    """The accessibility checker, out of the package that brings it."""
    return Path(str(resources.files("axe_playwright_python") / "axe.min.js"))


def asked(request: Request) -> str:
    messages = request.json.get("messages") or [{}]
    return str(messages[-1].get("content", ""))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
