"""What a page may say on its socket: JSON objects with `do`, checked here, done by `actions/`.

A message that is not understood gets an error back and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from accounts.models import User
from chat.actions import again, send, stop
from chat.errors import InvalidRequest
from chat.models import Message
from chat.models.work import db_work
from chat.queries import access
from chat.transports.feed import PageFeed

Said = Mapping[str, Any]


def understood(text: str) -> tuple[Callable[[PageFeed, Said], Awaitable[None]], Said]:
    """Return the verb and what was said; raise `InvalidRequest`."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidRequest("That was not JSON.") from None
    name = said.get("do") if isinstance(said, dict) else None
    verb = VERBS.get(name) if isinstance(name, str) else None
    if verb is None:
        raise InvalidRequest("That is not something a page can ask for.")
    return verb, said


async def _open(feed: PageFeed, said: Said) -> None:
    cursors = said.get("cursors") or {}
    if not isinstance(cursors, dict) or not all(_is_seq(seq) for seq in cursors.values()) or len(cursors) > 50:
        raise InvalidRequest("Those cursors are malformed.")
    await feed.open(_text(said, "chat"), cursors, _text(said, "last"))


async def _send(feed: PageFeed, said: Said) -> None:
    await db_work(_send_prompt, feed.user, said)


async def _stop(feed: PageFeed, said: Said) -> None:
    seen = said.get("seen")
    await db_work(_stop_generation, feed.user, _text(said, "generation"), seen if _is_seq(seen) else None)


async def _ack(feed: PageFeed, said: Said) -> None:
    if not _is_seq(said.get("seq")):
        raise InvalidRequest("An acknowledgement needs a number.")
    feed.ack(_text(said, "generation"), said["seq"])


async def _retry(feed: PageFeed, said: Said) -> None:
    await db_work(_again, feed.user, _text(said, "message"), again.retry)


async def _continue(feed: PageFeed, said: Said) -> None:
    await db_work(_again, feed.user, _text(said, "message"), again.continue_answer)


async def _report(feed: PageFeed, said: Said) -> None:
    """Take a page's own counts of drops and retries; they are counted from the next release on."""


VERBS: Mapping[str, Callable[[PageFeed, Said], Awaitable[None]]] = {
    "open": _open,
    "send": _send,
    "stop": _stop,
    "ack": _ack,
    "retry": _retry,
    "continue": _continue,
    "report": _report,
}


def _send_prompt(user: User, said: Said) -> None:
    chat = _text(said, "chat")
    send.send_prompt(
        user=user,
        chat_session=access.chat_session_of(user, chat) if chat else None,
        text=_text(said, "text"),
        key=_text(said, "key"),
        model=_text(said, "model"),
    )


def _stop_generation(user: User, generation: str, seen: int | None) -> None:
    stop.stop_generation(generation=access.generation_of(user, generation), seen=seen)


def _again(user: User, message: str, action: Callable[..., object]) -> None:
    answer = access.message_of(user, message)
    if answer.role != Message.Role.ASSISTANT:
        raise InvalidRequest("Only an answer can be asked for again.")
    action(answer=answer)


def _text(said: Said, name: str) -> str:
    value = said.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequest(f"“{name}” must be a text.")
    return value


def _is_seq(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
