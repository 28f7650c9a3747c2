"""Chats, and administrators with more and fewer rights."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from chat.models import ChatSession, EventRow, Generation, Message

NewChat = Callable[..., ChatSession]


@pytest.fixture
def admin(staff: User) -> Client:
    browser = Client()
    browser.force_login(staff)
    return browser


@pytest.fixture
def helper(outsider: User) -> User:
    """A member of the staff without any right."""
    outsider.is_staff = True
    outsider.save()
    return outsider


def grant(user: User, *names: str) -> Client:
    """Give these rights; return the user's browser."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    browser = Client()
    browser.force_login(user)
    return browser


def chats(user: User, count: int, *, title: str = "Chat") -> None:
    """Make many chats at once, each with a prompt, an answer and its generation."""
    now = timezone.now()
    sessions = ChatSession.objects.bulk_create(
        ChatSession(user=user, title=f"{title} {i}", model="llama", touched_at=now) for i in range(count)
    )
    answers = []
    for session in sessions:
        prompt = Message.objects.create(chat_session=session, role="user", content=f"prompt of {session.title}")
        answers.append(Message(chat_session=session, role="assistant", content="an answer", parent=prompt))
    Message.objects.bulk_create(answers)
    Generation.objects.bulk_create(
        Generation(message=answer, chat_session=answer.chat_session, user=user, model="llama", state="completed")
        for answer in answers
    )


def chat(user: User, *, title: str = "Chat", text: str = "a prompt", **columns: str) -> Generation:
    """Make one chat; return the generation of its answer."""
    session = ChatSession.objects.create(user=user, title=title, touched_at=timezone.now())
    prompt = Message.objects.create(chat_session=session, role="user", content=text)
    answer = Message.objects.create(chat_session=session, role="assistant", parent=prompt, content="an answer")
    values = {"model": "llama", "state": "completed", **columns}
    return Generation.objects.create(message=answer, chat_session=session, user=user, **values)


def events(generation: Generation, count: int, start: datetime | None = None) -> None:
    """Give the generation a log of content events, 10 ms apart."""
    start = start or generation.created_at
    EventRow.objects.bulk_create(
        EventRow(generation=generation, seq=seq, epoch=1, type="content", data={"chunk": f"secret{seq} "},
                 at=start + timedelta(milliseconds=10 * seq))
        for seq in range(1, count + 1)
    )  # fmt: skip
