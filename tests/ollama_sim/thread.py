"""The simulated server in a thread of its own, for synchronous tests and browsers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.ollama_sim.script import Item
from tests.ollama_sim.server import WAIT_S, OllamaSim
from tests.ollama_sim.wire import Request

T = TypeVar("T")


class OllamaSimThread:
    """Use as a context manager; every method may be called from any thread. Knobs: `set(slots=2, …)`."""

    def __init__(self, **knobs: Any) -> None:
        self._knobs = knobs
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ollama-sim", daemon=True)
        self.sim: OllamaSim

    def __enter__(self) -> Self:
        self._thread.start()
        self.sim = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(WAIT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self.sim.aclose(), self._loop).result(WAIT_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(WAIT_S)
            self._loop.close()

    async def _start(self) -> OllamaSim:
        sim = OllamaSim()
        for name, value in self._knobs.items():
            setattr(sim, name, value)
        return await sim.start()

    def call(self, action: Callable[[OllamaSim], T]) -> T:
        """Run `action(sim)` in the server's thread and return what it returns."""

        async def run() -> T:
            return action(self.sim)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(WAIT_S)

    def set(self, **knobs: Any) -> None:
        def apply(sim: OllamaSim) -> None:
            for name, value in knobs.items():
                setattr(sim, name, value)

        self.call(apply)

    def script(
        self, *items: Item, when: Callable[[Request], bool] = lambda request: True, path: str = "/api/chat"
    ) -> None:
        self.call(lambda sim: sim.script(*items, when=when, path=path))

    def open(self, name: str) -> None:
        self.call(lambda sim: sim.open(name))

    def wait_for(self, wanted: Callable[[OllamaSim], bool], timeout_s: float = WAIT_S) -> None:
        waiting = asyncio.run_coroutine_threadsafe(self.sim.wait_for(wanted, timeout_s), self._loop)
        waiting.result(timeout_s + 1)

    @property
    def url(self) -> str:
        return self.sim.url

    @property
    def requests(self) -> list[Request]:
        return list(self.sim.requests)

    def __getattr__(self, name: str) -> Any:
        # Counters are plain numbers and may be read from anywhere.
        if name == "sim":
            raise AttributeError(name)
        return getattr(self.sim, name)
