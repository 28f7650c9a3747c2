"""What runs beside the requests of a web process: the doorbell, the hub and, where it is embedded, the worker."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from chat.conf import conf
from chat.events.nudge import doorbell
from chat.generation.worker import Worker
from chat.transports.hub import current_hub

AGAIN_S = 1.0

logger = logging.getLogger(__name__)

_running: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}


def start() -> asyncio.Task[None]:
    """Start it in the running event loop, once; cancel the task to end it and wait for it to hand back."""
    loop = asyncio.get_running_loop()
    task = _running.get(loop)
    if task is None:
        # The one task outside of a task group: it is the root of all others and lives as long as the process.
        task = _running[loop] = loop.create_task(_run_forever(), name="smail")
    return task


async def _run_forever() -> None:
    """Run it until cancelled. Nobody awaits this task, so a defect that ended it would pass unseen, and the process
    would serve pages and write nothing more: it is logged, claims are handed back, and all of it begins anew."""
    while True:
        try:
            await _run()
        except Exception:  # the process's last guard, of the one task that nobody awaits
            logger.exception("what runs beside the requests has failed and is started again")
        await asyncio.sleep(AGAIN_S)


async def _run() -> None:
    hub = current_hub()
    async with asyncio.TaskGroup() as group:
        group.create_task(doorbell.run())
        group.create_task(hub.run())
        if conf.worker == "embedded":
            group.create_task(Worker(committed=hub.take).run())


class Alongside:
    """ASGI middleware that starts it with the first connection."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        start()
        await self._application(scope, receive, send)
