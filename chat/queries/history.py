"""What has happened in chats since a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chat.models import ChatSession, Generation, Message


def newer_generations(known: Mapping[int, int]) -> list[int]:
    """Return the ids of the generations newer than the one known in each chat session, oldest first, in one query."""
    if not known:
        return []
    values = ",".join(["(%s,%s)"] * len(known))
    sql = (
        f"WITH known(chat_session_id, newest) AS (VALUES {values}) "
        "SELECT g.id FROM chat_generation g JOIN known "
        "ON g.chat_session_id = known.chat_session_id AND g.id > known.newest ORDER BY g.id"
    )
    return [row.pk for row in Generation.objects.raw(sql, [number for pair in known.items() for number in pair])]


def newest_generation_id(chat_session: ChatSession) -> int:
    """Return the id of the chat's newest generation, 0 where there is none."""
    return chat_session.generations.order_by("-id").values_list("id", flat=True).first() or 0


def after_message(branch: Sequence[Message], public_id: str) -> Sequence[Message]:
    """Return what of a branch follows this message; all of it where the message is not in it. Pure."""
    for i, message in enumerate(branch):
        if message.public_id == public_id:
            return branch[i + 1 :]
    return branch
