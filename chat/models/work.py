"""Units of database work for async code: a whole action or question in one hop to a thread.

A fixed number of threads keep a connection each, whatever the number of viewers: the connections of a process are
constant. (Channels' own helper runs everything of a process in one thread, where one slow query holds up all.)
A connection that failed is closed, so that the next unit gets a fresh one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, connection

THREADS = 6

Params = ParamSpec("Params")
Result = TypeVar("Result")

_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="database")


async def db_work(function: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
    """Run a function that uses the ORM; its transaction begins and ends inside."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool, partial(_unit, partial(function, *args, **kwargs)))


def close_connections() -> None:
    """Close the connections of all threads; for tests, which drop their database at the end."""
    together = threading.Barrier(THREADS)

    def close() -> None:
        together.wait(timeout=30)
        connection.close()

    for done in [_pool.submit(close) for _ in range(THREADS)]:
        done.result()


def _unit(function: Callable[[], Result]) -> Result:
    try:
        return function()
    except DatabaseError:
        connection.close()
        raise
