"""Which models are in memory: loading one at a time, keeping, reloading for other options, unloading."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.ollama_sim.catalogue import FOR_EVER_NS, Loaded, SimModel
from tests.ollama_sim.slots import Slots
from tests.ollama_sim.validate import keep_alive_s

if TYPE_CHECKING:
    from tests.ollama_sim.server import OllamaSim

LOAD_OPTIONS = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread")
DEFAULT_CONTEXT = 4096


class QueueFull(Exception):
    """More requests wait for a load than may."""


class Memory:
    def __init__(self, sim: OllamaSim) -> None:
        self._sim = sim
        self._loaded: dict[str, Loaded] = {}
        self._slots: dict[str, Slots] = {}
        self._loading = Slots(lambda: 1)
        self.waiting_for_load = 0
        self.loads = 0

    def running(self) -> list[Loaded]:
        """Return what is loaded now, longest remaining first."""
        now = self._sim.now_ns()
        for name, loaded in list(self._loaded.items()):
            if loaded.expires_ns <= now and not self.slots(loaded.model).used:
                del self._loaded[name]
        return sorted(self._loaded.values(), key=lambda loaded: -loaded.expires_ns)

    def slots(self, model: SimModel) -> Slots:
        return self._slots.setdefault(model.name, Slots(lambda: self._sim.slots))

    def unload(self, model: SimModel) -> None:
        self._loaded.pop(model.name, None)

    async def load(self, model: SimModel, body: Mapping[str, Any]) -> Loaded:
        """Return the model in memory; waits in silence, and a request that leaves aborts its load."""
        options = _load_options(body)
        if (found := self._fitting(model, options)) is not None:
            return found
        if self.waiting_for_load >= self._sim.queue_limit:
            raise QueueFull
        self.waiting_for_load += 1
        try:
            await self._loading.take()
        finally:
            self.waiting_for_load -= 1
        try:
            # Whoever waited may find it loaded by the one before.
            return self._fitting(model, options) or await self._really_load(model, options)
        finally:
            self._loading.give()

    def keep(self, loaded: Loaded, body: Mapping[str, Any]) -> None:
        """Count the time to unloading from the end of a request."""
        seconds = keep_alive_s(body.get("keep_alive"))
        if seconds == 0:
            self.unload(loaded.model)
        loaded.expires_ns = self._sim.now_ns() + (FOR_EVER_NS if seconds < 0 else int(seconds * 1e9))

    def _fitting(self, model: SimModel, options: tuple[Any, ...]) -> Loaded | None:
        self.running()
        found = self._loaded.get(model.name)
        return found if found is not None and found.options == options else None

    async def _really_load(self, model: SimModel, options: tuple[Any, ...]) -> Loaded:
        await self.slots(model).idle()
        self._loaded.pop(model.name, None)
        await self._sim.pass_gate("load", only_if_made=True)
        if seconds := self._sim.load_s if model.load_s is None else model.load_s:
            await asyncio.sleep(seconds)
        self.loads += 1
        asked = options[0]
        num_ctx = min(DEFAULT_CONTEXT if asked is None else max(4, int(asked)), model.context_length)
        expires = self._sim.now_ns() + 300_000_000_000
        self._loaded[model.name] = Loaded(model, options, num_ctx, expires)
        return self._loaded[model.name]


def _load_options(body: Mapping[str, Any]) -> tuple[Any, ...]:
    options = body.get("options") or {}
    return (*(options.get(name) for name in LOAD_OPTIONS), body.get("shift", True))
