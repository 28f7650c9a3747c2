"""What a person can do with a chat as a whole."""

from __future__ import annotations

from django.db import transaction

from chat.actions.stop import stop_generation
from chat.errors import InvalidRequest
from chat.events.nudge import doorbell
from chat.models import ChatSession, Generation
from chat.models.clock import db_now
from chat.models.text import storable

TITLE_CHARS = 120


def rename(*, chat_session: ChatSession, title: str) -> None:
    """Give the chat a title of the user's own; the model never changes it afterwards."""
    title = " ".join(storable(title).split())
    if not title:
        raise InvalidRequest("A title needs at least one character.")
    if len(title) > TITLE_CHARS:
        raise InvalidRequest(f"A title has at most {TITLE_CHARS} characters.")
    _change(chat_session, title=title, title_source=ChatSession.TitleSource.USER)


def delete(*, chat_session: ChatSession) -> None:
    """Take the chat out of the list and stop its answers; `restore` brings it back."""
    _change(chat_session, deleted_at=db_now())
    for generation in Generation.objects.open().filter(chat_session=chat_session):
        stop_generation(generation=generation)


def restore(*, chat_session: ChatSession) -> None:
    _change(chat_session, deleted_at=None)


def choose_model(*, chat_session: ChatSession, model: str) -> None:
    _change(chat_session, model=model)


def _change(chat_session: ChatSession, **values: object) -> None:
    with transaction.atomic():
        ChatSession.objects.filter(pk=chat_session.pk).update(touched_at=db_now(), **values)
        transaction.on_commit(lambda: doorbell.ring("changes"))
    chat_session.refresh_from_db()
