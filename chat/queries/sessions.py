"""The list of a person's chats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from chat.models import ChatSession, Generation


@dataclass(frozen=True, slots=True)
class ChatItem:
    """One entry of the list; `writing` while an answer of it is queued or running."""

    id: str
    title: str
    touched_at: datetime
    writing: bool
    deleted: bool = False


def chat_list(user: User, *, before: datetime | None = None, limit: int = 60) -> list[ChatItem]:
    """Return the user's chats, newest first, of those touched before `before`."""
    rows = ChatSession.objects.filter(user=user, deleted_at=None)
    if before is not None:
        rows = rows.filter(touched_at__lt=before)
    return [_item(row) for row in _marked(rows).order_by("-touched_at", "-id")[:limit]]


def chat_item(chat_session: ChatSession) -> ChatItem:
    return _item(_marked(ChatSession.objects.filter(id=chat_session.id)).get())


def touched_since(user_ids: Iterable[int], since: datetime) -> dict[int, list[ChatItem]]:
    """Return by user what has changed in their lists, oldest change first; deleted chats are in it."""
    rows = ChatSession.objects.filter(user_id__in=list(user_ids), touched_at__gt=since)
    found: dict[int, list[ChatItem]] = {}
    for row in _marked(rows).order_by("touched_at", "id"):
        found.setdefault(row.user_id, []).append(_item(row))
    return found


def _marked(rows: QuerySet[ChatSession]) -> QuerySet[ChatSession]:
    return rows.annotate(writing=Exists(Generation.objects.open().filter(chat_session=OuterRef("pk"))))


def _item(row: ChatSession) -> ChatItem:
    writing: bool = row.writing  # type: ignore[attr-defined]  # the annotation above
    return ChatItem(row.public_id, row.title, row.touched_at, writing, row.deleted_at is not None)
