"""Titles: the model names a chat after its first exchange, when it has nothing else to do.

Best effort: until it succeeds the chat shows the first words of its first prompt; after three tries it keeps them.
"""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import aclosing
from dataclasses import dataclass

from django.db import DatabaseError
from django.db.models import Exists, F, OuterRef

from chat.conf import conf
from chat.errors import ProviderError
from chat.events.nudge import doorbell
from chat.models import ChatSession, Generation
from chat.models.clock import db_now
from chat.models.work import db_work
from chat.providers.registry import provider_for
from chat.providers.types import ChatMessage, ChatRequest, TextDelta

logger = logging.getLogger(__name__)

MAX_TRIES = 3
TIMEOUT_S = 60.0
EXCERPT_CHARS = 600
TITLE_CHARS = 60
INSTRUCTION = (
    "Write a title of two to six words for the conversation below, in its language. "
    "Answer with the title alone: no quotation marks, no full stop."
)


@dataclass(frozen=True, slots=True)
class Untitled:
    """A chat whose first exchange is complete."""

    chat_session_id: int
    model: str
    question: str
    answer: str


async def title_next() -> None:
    """Title one chat that wants it, if there is one. Never raises for what a model server does.

    May be cancelled at any time: then the try does not count.
    """
    try:
        untitled = await db_work(_next_untitled)
        if untitled is not None:
            await db_work(_keep, untitled.chat_session_id, await _title_of(untitled))
    except DatabaseError as error:
        logger.info("no title this time: %s", type(error).__name__)


def _next_untitled() -> Untitled | None:
    """Return a chat to title; None while any answer is waiting for the model."""
    if Generation.objects.open().exists():
        return None
    done = Generation.objects.filter(chat_session=OuterRef("pk"), state=Generation.State.COMPLETED)
    wanted = ChatSession.objects.filter(
        Exists(done), title_source=ChatSession.TitleSource.WANTED, title_attempts__lt=MAX_TRIES, deleted_at=None
    )
    chat_session = wanted.order_by("id").first()
    if chat_session is None:
        return None
    rows = chat_session.generations.filter(state=Generation.State.COMPLETED).select_related("message__parent")
    generation = rows.first()
    if generation is None or generation.message.parent is None:  # deleted meanwhile
        return None
    question, answer = generation.message.parent.content, generation.message.content
    return Untitled(chat_session.pk, generation.model, question[:EXCERPT_CHARS], answer[:EXCERPT_CHARS])


async def _title_of(untitled: Untitled) -> str:
    try:
        return await _ask(untitled)
    except (ProviderError, TimeoutError) as error:
        logger.info("no title this time: %s", type(error).__name__)
        return ""


async def _ask(untitled: Untitled) -> str:
    text = f"{INSTRUCTION}\n\nUser: {untitled.question}\n\nAssistant: {untitled.answer}"
    request = ChatRequest(
        model=untitled.model,
        messages=[ChatMessage("user", text)],
        options={"num_predict": 24, "temperature": 0.2},
        think=False,
    )
    parts: list[str] = []
    async with asyncio.timeout(TIMEOUT_S), aclosing(provider_for(conf.ollama_host).stream(request)) as deltas:
        async for delta in deltas:
            if isinstance(delta, TextDelta) and delta.kind == "content":
                parts.append(delta.text)
    return cleaned("".join(parts))


def cleaned(said: str) -> str:
    """Return the title in what a model said; "" when there is none. Pure."""
    said = re.sub(r"<think>.*?(</think>|$)", "", said, flags=re.DOTALL)
    line = next((line for line in said.splitlines() if line.strip()), "")
    line = re.sub(r"^\W*(title)\s*:\s*", "", line.strip(), flags=re.IGNORECASE)
    line = " ".join(line.strip(" \"'“”«»*#_`.").split())
    if len(line) <= TITLE_CHARS:
        return line
    return line[: TITLE_CHARS - 1].rsplit(" ", 1)[0] + "…"


def _keep(chat_session_id: int, title: str) -> None:
    """Count the try and set the title, if there is one, unless the user has given one meanwhile."""
    wanted = ChatSession.objects.filter(pk=chat_session_id, title_source=ChatSession.TitleSource.WANTED)
    wanted.update(title_attempts=F("title_attempts") + 1)
    if title and wanted.update(title=title, title_source=ChatSession.TitleSource.AUTO, touched_at=db_now()):
        doorbell.ring("changes")
