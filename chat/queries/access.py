"""The gate: the only place that turns a user and an id into a row.

Not there, not theirs and deleted look the same to the one who asks.
"""

from __future__ import annotations

import re
from typing import TypeVar

from django.db.models import Model, QuerySet

from accounts.models import User
from chat.errors import NotFound
from chat.models import ChatSession, Generation, Message

Row = TypeVar("Row", bound=Model)

_ID = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)


def chat_session_of(user: User, public_id: str) -> ChatSession:
    return _one(ChatSession.objects.filter(user=user, deleted_at=None), public_id)


def deleted_chat_session_of(user: User, public_id: str) -> ChatSession:
    """Return a chat session that was deleted and may still be restored."""
    return _one(ChatSession.objects.filter(user=user, deleted_at__isnull=False), public_id)


def message_of(user: User, public_id: str) -> Message:
    rows = Message.objects.filter(chat_session__user=user, chat_session__deleted_at=None)
    return _one(rows.select_related("chat_session"), public_id)


def generation_of(user: User, public_id: str) -> Generation:
    rows = Generation.objects.filter(chat_session__user=user, chat_session__deleted_at=None)
    return _one(rows.select_related("chat_session", "message"), public_id)


def _one(rows: QuerySet[Row], public_id: str) -> Row:
    # Anything else than an id is not looked for: a database may refuse its characters with an error of its own.
    row = rows.filter(public_id=public_id).first() if _ID.fullmatch(public_id) else None
    if row is None:
        raise NotFound
    return row
