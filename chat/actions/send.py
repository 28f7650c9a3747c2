"""Send a prompt: the user's message, an empty answer and a queued generation, in one transaction.

`key` is the sender's own name for this prompt. The same key again, from a lost reply, a double click or another
tab, returns the rows of the first time and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import User
from chat.actions.limits import check_queue, check_rate, check_text
from chat.conf import conf
from chat.errors import Conflict, InvalidRequest
from chat.events.nudge import doorbell
from chat.models import ChatSession, Generation, Message
from chat.models.clock import db_now
from chat.models.text import storable

TITLE_CHARS = 60
KEY_CHARS = 64
MODEL_CHARS = 200
OPTIONS_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class Sent:
    """The rows of one prompt; `created` is False when the key had been used before."""

    chat_session: ChatSession
    prompt: Message
    answer: Message
    generation: Generation
    created: bool


def send_prompt(
    *,
    user: User,
    chat_session: ChatSession | None,
    text: str,
    key: str,
    model: str = "",
    options: Mapping[str, Any] | None = None,
) -> Sent:
    """Store the prompt and queue its answer; a chat session of None begins a new one.

    Raises `InvalidRequest`, `PromptTooLong`, `RateLimited`, `QueueFull`, `Conflict`; nothing is stored then.
    """
    text = _clean(text)
    _check_key(key)
    _check_choice(model, options or {})
    check_text(text)
    if not _sent_before(user, key):
        check_rate(user)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # one sender's prompts one after another: limits hold
        before = _sent_before(user, key)
        if before is not None:
            return before
        check_queue(user)
        sent = _store(user, chat_session, text, key, model, dict(options or {}))
        transaction.on_commit(lambda: doorbell.ring("changes"))
    return sent


def _clean(text: str) -> str:
    text = storable(text).replace("\r\n", "\n").strip()
    if not text:
        raise InvalidRequest("There is nothing to send: the message is empty.")
    return text


def _check_key(key: str) -> None:
    if not key or len(key) > KEY_CHARS or not key.isprintable():
        raise InvalidRequest(f"A message needs a key of 1 to {KEY_CHARS} characters.")


def _check_choice(model: str, options: Mapping[str, Any]) -> None:
    if len(model) > MODEL_CHARS or not model.isprintable():
        raise InvalidRequest("There is no model of that name.")
    try:
        written = json.dumps(options, allow_nan=False, ensure_ascii=False)
        written.encode()
    except (TypeError, ValueError, RecursionError):
        raise InvalidRequest("Those options are not JSON.") from None
    if len(written) > OPTIONS_CHARS or "\\u0000" in written:
        raise InvalidRequest("Those options are too long, or hold characters that cannot be stored.")


def _sent_before(user: User, key: str) -> Sent | None:
    prompt = Message.objects.filter(sender=user, key=key).select_related("chat_session").first()
    if prompt is None:
        return None
    generation = Generation.objects.filter(message__parent=prompt).select_related("message").order_by("id").first()
    if generation is None:
        raise Conflict("That message was sent before and its answer is gone.")
    return Sent(prompt.chat_session, prompt, generation.message, generation, created=False)


def _store(
    user: User, chat_session: ChatSession | None, text: str, key: str, model: str, options: dict[str, Any]
) -> Sent:
    now = db_now()
    if chat_session is None:
        chat_session = ChatSession.objects.create(
            user=user,
            title=_first_words(text),
            title_source=ChatSession.TitleSource.WANTED,
            model=model,
            touched_at=now,
        )
    else:
        chat_session = ChatSession.objects.select_for_update().get(pk=chat_session.pk)
        if chat_session.messages.count() >= conf.max_history_messages:
            raise InvalidRequest(f"A chat holds {conf.max_history_messages} messages. Start a new one.")
    prompt = Message.objects.create(
        chat_session=chat_session,
        parent_id=chat_session.leaf_id,
        role=Message.Role.USER,
        content=text,
        sender=user,
        key=key,
    )
    answer = Message.objects.create(chat_session=chat_session, parent=prompt, role=Message.Role.ASSISTANT)
    chat_session.leaf, chat_session.touched_at = answer, now
    chat_session.model = model or chat_session.model
    chat_session.save(update_fields=["leaf", "touched_at", "model"])
    generation = Generation.objects.create(
        message=answer,
        chat_session=chat_session,
        user=user,
        model=chat_session.model or conf.default_model,
        options=options,
    )
    return Sent(chat_session, prompt, answer, generation, created=True)


def _first_words(text: str) -> str:
    """Return a title to show until the model has made one."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1].rsplit(" ", 1)[0] + "…"
