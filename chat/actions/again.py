"""Ask for an answer again: `retry` writes the same answer anew after a failure, `continue_answer` goes on in it."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from chat.actions.limits import check_queue, check_rate
from chat.errors import Conflict
from chat.events.append import Batch, append
from chat.events.nudge import doorbell
from chat.events.types import Replace
from chat.models import ChatSession, Generation, Message
from chat.models.clock import db_now


def retry(*, answer: Message, model: str = "") -> Generation:
    """Queue a new generation for an answer that failed or was stopped before its first word."""
    return _queue(answer, Generation.Kind.ANSWER, model)


def continue_answer(*, answer: Message) -> Generation:
    """Queue a generation that goes on where the text of this answer ends."""
    return _queue(answer, Generation.Kind.CONTINUE, "")


def _queue(answer: Message, kind: str, model: str) -> Generation:
    user = answer.chat_session.user
    check_rate(user)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        chat_session = ChatSession.objects.select_for_update().get(pk=answer.chat_session_id)
        last = answer.generations.order_by("-id").first()
        if last is None or last.is_open:
            raise Conflict("This answer is being written already.")
        if last.state == Generation.State.COMPLETED and last.finish_reason != "length":
            raise Conflict("This answer is complete.")
        if chat_session.leaf_id != answer.pk:
            raise Conflict("The chat has gone on since this answer.")
        answer.refresh_from_db(fields=["content", "thinking"])
        if kind == Generation.Kind.CONTINUE and not answer.content:
            raise Conflict("There is no text to go on from. Try again instead.")
        check_queue(user)
        generation = Generation.objects.create(
            message=answer,
            chat_session=chat_session,
            user=user,
            kind=kind,
            model=model or last.model,
            options=last.options,
            think=last.think,
        )
        _keep_text(answer, generation)
        ChatSession.objects.filter(pk=chat_session.pk).update(touched_at=db_now())
        transaction.on_commit(lambda: doorbell.ring("changes"))
    return generation


def _keep_text(answer: Message, generation: Generation) -> None:
    """Begin the log with the text there is: it is shown while it waits, and stays if nothing new ever comes."""
    if answer.content or answer.thinking:
        text = Replace(content=answer.content, thinking=answer.thinking)
        append([Batch(generation.pk, generation.epoch, [text], state=generation.state)])
