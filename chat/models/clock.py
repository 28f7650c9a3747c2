"""The one clock: the database's. No decision about leases or order rests on a worker's own time."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection


def db_now() -> datetime:
    """Return the database's time, with its zone. SQLite has no clock but the machine's, which it shares with us."""
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
