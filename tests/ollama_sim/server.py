"""The simulated server itself: routes, scripts, gates, counters."""

from __future__ import annotations

import asyncio
import random as random_module
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from tests.ollama_sim import library, plan
from tests.ollama_sim.catalogue import DEFAULT_MODELS, SimModel, canonical
from tests.ollama_sim.encode import go_json, go_time
from tests.ollama_sim.memory import Memory, QueueFull
from tests.ollama_sim.play import Player
from tests.ollama_sim.script import Framing, Item, Refusal, refuse
from tests.ollama_sim.validate import keep_alive_s, refusal_of_abilities, refusal_of_body
from tests.ollama_sim.wire import Connection, Request

WAIT_S = 10.0
BUSY = "server busy, please try again.  maximum pending requests exceeded"
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
        self._notify()
        try:
            await gate.opened.wait()
        finally:
            gate.waiting -= 1

    def count_token(self, connection: Connection) -> None:
        self.tokens += 1
        self.tokens_after_disconnect += connection.gone
        self._notify()

    def find(self, name: str) -> SimModel | None:
        return self.models.get(canonical(name))

    # --- requests

    async def _serve(self, connection: Connection, request: Request) -> None:
        self.requests.append(request)
        self._notify()
        try:
            await self._route(connection, request)
        except asyncio.CancelledError:
            self.cancelled += request.path in ANSWERS
            raise
        except Exception as bug:  # a bug of the simulator must not look like a fault under test
            self._bugs.append(bug)
            connection.cut(reset=True)
        finally:
            self._notify()

    async def _route(self, connection: Connection, request: Request) -> None:
        if self.api_key and request.headers.get("authorization") != f"Bearer {self.api_key}":
            await connection.answer(refuse(401, "unauthorized"))
        elif request.path in ANSWERS and request.method == "POST":
            await self._answer(connection, request)
        elif (item := self._scripted(request)) is not None:
            await self._play(connection, request, item)
        else:
            await library.serve(self, connection, request)

    async def _answer(self, connection: Connection, request: Request) -> None:
        body = request.json
        item = self._scripted(request)
        if item is None and (refusal := refusal_of_body(request)):
            item = refusal
        if isinstance(item, Refusal):
            await connection.answer(item)
            return
        model = self.find(str(body.get("model", "")))
        if model is None:
            await connection.answer(refuse(404, f"model '{body.get('model')}' not found"))
            return
        if item is None and (refusal := refusal_of_abilities(body, model)):
            await connection.answer(refusal)
        elif not (body.get("messages") or body.get("prompt")):
            await self._load_or_unload(connection, body, model)
        else:
            await self._take_turn(connection, request, model, item or plan.default_item(self, body, model))

    async def _load_or_unload(self, connection: Connection, body: Mapping[str, Any], model: SimModel) -> None:
        unloads = body.get("keep_alive") is not None and keep_alive_s(body["keep_alive"]) == 0
        if unloads:
            self.memory.unload(model)
        else:
            self.memory.keep(await self.memory.load(model, body), body)
        said = {
            "model": body["model"],
            "created_at": go_time(self.now_ns()),
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": "unload" if unloads else "load",
        }
        await connection.answer(Refusal(200, go_json(said).encode()))

    async def _take_turn(self, connection: Connection, request: Request, model: SimModel, item: Item) -> None:
        """Load, wait for a place, play: as long as nothing is played, the client sees no byte."""
        player = Player(self, connection, request.json, wants_generate=request.path == "/api/generate")
        self.waiting += 1
        try:
            loaded = await self.memory.load(model, request.json)
            slots = self.memory.slots(model)
            await slots.take()
        except QueueFull:
            await connection.answer(refuse(503, BUSY))
            return
        finally:
            self.waiting -= 1
        try:
            player.prompt_tokens = plan.prompt_tokens(request.json)
            if (refusal := self._overflow(player, loaded.num_ctx, request.json)) is not None:
                item = refusal
            self.started += 1
            self._notify()
            await self._play(connection, request, item, player)
            self.finished += 1
        finally:
            # Ollama's issue 17131: a client that leaves while a token waits for it keeps its place for ever.
            if not (self.stuck_slot_bug and connection.gone and connection.was_backed_up):
                slots.give()
            self.memory.keep(loaded, request.json)

    async def _play(self, connection: Connection, request: Request, item: Item, player: Player | None = None) -> None:
        if isinstance(item, Refusal):
            await connection.answer(item)
            return
        player = player or Player(self, connection, request.json, wants_generate=False)
        await player.play(item)

    def _overflow(self, player: Player, num_ctx: int, body: Mapping[str, Any]) -> Refusal | None:
        if player.prompt_tokens <= num_ctx:
            return None
        if self.overflow == "truncate" and body.get("truncate", True):
            player.prompt_tokens = num_ctx // 2 + 2
            return None
        tokens = player.prompt_tokens
        message = f"request ({tokens} tokens) exceeds the available context size ({num_ctx} tokens), try increasing it"
        inner = {
            "code": 400,
            "message": message,
            "type": "exceed_context_size_error",
            "n_prompt_tokens": tokens,
            "n_ctx": num_ctx,
        }
        return refuse(400, go_json({"error": inner}))

    def _scripted(self, request: Request) -> Item | None:
        for number, (path, item, fits) in enumerate(self._scripts):
            if path == request.path and fits(request):
                del self._scripts[number]
                return item
        return None

    def _connection_changed(self, connection: Connection) -> None:
        (self.connections.discard if connection.gone else self.connections.add)(connection)
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
