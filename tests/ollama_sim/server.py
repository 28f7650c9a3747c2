"""The simulated server itself: routes, scripts, gates, counters."""

from __future__ import annotations

import asyncio
import random as random_module
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from tests.ollama_sim import answers, library
from tests.ollama_sim.catalogue import DEFAULT_MODELS, SimModel, canonical
from tests.ollama_sim.memory import Memory
from tests.ollama_sim.play import Player
from tests.ollama_sim.script import Framing, Item, Refusal, refuse
from tests.ollama_sim.wire import Connection, Request

WAIT_S = 10.0
ANSWERS = ("/api/chat", "/api/generate")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a version of Ollama does otherwise."""

    version: str = "0.32.15"
    tags_tell_abilities: bool = True
    show_tells_abilities: bool = True
    ps_tells_context: bool = True
    wrong_method_status: int = 405


CURRENT_SERVER = Profile()
OLD_SERVER = Profile(
    "0.5.13", tags_tell_abilities=False, show_tells_abilities=False, ps_tells_context=False, wrong_method_status=404
)


@dataclass(slots=True)
class Gate:
    """`waiting` tells how many requests stand before it."""

    opened: asyncio.Event
    waiting: int = 0


class OllamaSim:
    """One simulated server; see the package's docstring for how to use it."""

    def __init__(self, *, tokens_per_s: float = 0.0, models: tuple[SimModel, ...] = DEFAULT_MODELS) -> None:
        self.tokens_per_s = tokens_per_s
        self.jitter = 0.0
        self.load_s = 0.0
        self.slots = 1
        self.queue_limit = 512
        self.prefill = "continue"  # | "restart" | "reject"
        self.overflow = "truncate"  # | "reject"
        self.framing = Framing()
        self.profile = CURRENT_SERVER
        self.stuck_slot_bug = False
        self.api_key = ""
        self.models: dict[str, SimModel] = {model.name: model for model in models}
        self.now_ns: Callable[[], int] = time.time_ns
        self.random = random_module.Random(1).random
        self.pulled: dict[str, int] = {}
        self.requests: list[Request] = []
        self.started = self.finished = self.cancelled = self.waiting = 0
        self.tokens = self.tokens_after_disconnect = 0
        self.memory = Memory(self)
        self.url = ""
        self._scripts: list[tuple[str, Item, Callable[[Request], bool]]] = []
        self._gates: dict[str, Gate] = {}
        self.connections: set[Connection] = set()
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._bugs: list[Exception] = []

    # --- for tests

    def script(
        self, *items: Item, when: Callable[[Request], bool] = lambda request: True, path: str = "/api/chat"
    ) -> None:
        """Answer the next requests to `path` so, in this order; `when` makes an item wait for a request that fits."""
        self._scripts.extend((path, item, when) for item in items)

    def gate(self, name: str) -> Gate:
        return self._gates.setdefault(name, Gate(asyncio.Event()))

    def open(self, name: str) -> None:
        self.gate(name).opened.set()

    async def wait_for(self, wanted: Callable[[OllamaSim], bool], timeout_s: float = WAIT_S) -> None:
        """Return as soon as `wanted(sim)`; TimeoutError if that does not come."""
        async with asyncio.timeout(timeout_s):
            while not wanted(self):
                self._changed.clear()
                await self._changed.wait()

    @property
    def chats(self) -> list[Mapping[str, Any]]:
        """The bodies sent to /api/chat so far."""
        return [request.json for request in self.requests if request.path == "/api/chat"]

    @property
    def open_connections(self) -> int:
        return len(self.connections)

    @property
    def slots_used(self) -> int:
        return sum(self.memory.slots(model).used for model in self.models.values())

    # --- life

    async def start(self, port: int = 0) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._serve, self._connection_changed), "127.0.0.1", port, backlog=2048
        )
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def aclose(self) -> None:
        assert self._server is not None
        self._server.close()
        tasks = [connection.task for connection in self.connections if connection.task is not None]
        for connection in list(self.connections):
            connection.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        await self._server.wait_closed()
        if self._bugs:
            raise ExceptionGroup("the simulator has failed", self._bugs)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *problem: object) -> None:
        await self.aclose()

    # --- for the other modules of the simulator

    async def pass_gate(self, name: str, *, only_if_made: bool = False) -> None:
        if only_if_made and name not in self._gates:
            return
        gate = self.gate(name)
        gate.waiting += 1
        self.notify()
        try:
            await gate.opened.wait()
        finally:
            gate.waiting -= 1

    def count_token(self, connection: Connection) -> None:
        self.tokens += 1
        self.tokens_after_disconnect += connection.gone
        self.notify()

    def find(self, name: str) -> SimModel | None:
        return self.models.get(canonical(name))

    # --- requests

    async def _serve(self, connection: Connection, request: Request) -> None:
        self.requests.append(request)
        self.notify()
        try:
            await self._route(connection, request)
        except asyncio.CancelledError:
            self.cancelled += request.path in ANSWERS
            raise
        except Exception as bug:  # a bug of the simulator must not look like a fault under test
            self._bugs.append(bug)
            connection.cut(reset=True)
        finally:
            self.notify()

    async def _route(self, connection: Connection, request: Request) -> None:
        if self.api_key and request.headers.get("authorization") != f"Bearer {self.api_key}":
            await connection.answer(refuse(401, "unauthorized"))
        elif request.path in ANSWERS and request.method == "POST":
            await answers.answer(self, connection, request)
        elif (item := self.scripted(request)) is not None:
            await self.play(connection, request, item)
        else:
            await library.serve(self, connection, request)

    async def play(self, connection: Connection, request: Request, item: Item, player: Player | None = None) -> None:
        if isinstance(item, Refusal):
            await connection.answer(item)
            return
        player = player or Player(self, connection, request.json, wants_generate=False)
        await player.play(item)

    def scripted(self, request: Request) -> Item | None:
        for number, (path, item, fits) in enumerate(self._scripts):
            if path == request.path and fits(request):
                del self._scripts[number]
                return item
        return None

    def _connection_changed(self, connection: Connection) -> None:
        (self.connections.discard if connection.gone else self.connections.add)(connection)
        self.notify()

    def notify(self) -> None:
        self._changed.set()
