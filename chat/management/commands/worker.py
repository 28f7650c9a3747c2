"""`manage.py worker`: a worker of its own, for installations whose web processes have none."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from chat.events.nudge import doorbell
from chat.generation.worker import Worker


class Command(BaseCommand):
    help = "Write answers until SIGTERM or Ctrl-C; what is not finished then is handed back to other workers."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(_work())


async def _work() -> None:
    worker = Worker()
    async with asyncio.TaskGroup() as group:
        beside = group.create_task(doorbell.run())
        working = group.create_task(worker.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, working.cancel)
        await asyncio.wait([working])
        beside.cancel()
