"""The database goes away, as far as the product can tell, and comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.db import connection

from chat.models.work import db_work

TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)"
)


@asynccontextmanager
async def storage_away() -> AsyncIterator[None]:
    """Make every append fail until the block ends; the test's own connection stays."""
    own = connection.connection
    pid = own.info.backend_pid if own is not None and connection.vendor == "postgresql" else 0
    await db_work(_take_away, pid)
    try:
        yield
    finally:
        await db_work(_bring_back)


def _take_away(own_pid: int) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_allow("false"))
            cursor.execute(TERMINATE, [own_pid])
        else:
            cursor.execute("ALTER TABLE chat_event RENAME TO chat_event_away")


def _bring_back() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_allow("true"))
        else:
            cursor.execute("ALTER TABLE chat_event_away RENAME TO chat_event")


def _allow(allowed: str) -> str:
    return f'ALTER DATABASE "{connection.settings_dict["NAME"]}" WITH ALLOW_CONNECTIONS {allowed}'
