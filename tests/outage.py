"""The database goes away, as far as the product can tell, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from django.db import connection

from chat.models.work import close_connections, db_work

TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"


Outage = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
def storage_away(db: None) -> Outage:
    """Make every append fail until the block ends; the test's own connection stays."""
    if connection.vendor != "postgresql":
        return _without_log
    connection.ensure_connection()
    own_pid = connection.connection.info.backend_pid  # asked here: a coroutine sees no connection of its thread
    return lambda: _without_server(own_pid)


@asynccontextmanager
async def _without_log() -> AsyncIterator[None]:
    await db_work(_rename, "chat_event", "chat_event_away")
    try:
        yield
    finally:
        await db_work(_rename, "chat_event_away", "chat_event")


@asynccontextmanager
async def _without_server(own_pid: int) -> AsyncIterator[None]:
    await asyncio.to_thread(_refuse_connections, own_pid)
    try:
        yield
    finally:
        await asyncio.to_thread(_allow_connections)
        await asyncio.to_thread(close_connections)  # or each thread's next question would fail


def _rename(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")


def _refuse_connections(own_pid: int) -> None:
    name = connection.settings_dict["NAME"]
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        cursor.execute(TERMINATE, [name, own_pid])


def _allow_connections() -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" WITH ALLOW_CONNECTIONS true')
