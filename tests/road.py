"""Playing the road in tests: prompts, claims by hand, a worker in this event loop, and waiting without sleeping."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
import pytest_asyncio
from pytest_django.fixtures import Settings

from accounts.models import User
from chat.actions.send import Sent, send_prompt
from chat.events.append import Batch, Outcome, append
from chat.events.nudge import doorbell
from chat.events.read import read
from chat.events.types import Content, Event, Payload, Started
from chat.generation import lease
from chat.generation.commit import Committed
from chat.generation.lease import Claim
from chat.generation.worker import Worker
from chat.models import ChatSession, Generation
from chat.models.clock import db_now
from chat.models.work import db_work
from tests.ollama_sim import OllamaSim

T = TypeVar("T")

WAIT_S = 15.0
COMPLETED = Outcome("completed", "stop")
STOPPED = Outcome("stopped", "stopped")

_keys = itertools.count(1)


@pytest.fixture
def plenty(settings: Settings) -> None:
    """Let people send as fast as tests do."""
    settings.SMAIL = replace(settings.SMAIL, messages_per_minute=100_000)


@pytest_asyncio.fixture
async def model_server(settings: Settings, plenty: None, ollama: OllamaSim) -> OllamaSim:
    """The simulated server as the product's model server."""
    settings.SMAIL = replace(settings.SMAIL, ollama_host=ollama.url)
    return ollama


def say(user: User, text: str = "Hi", *, chat: ChatSession | None = None, model: str = "sim", key: str = "") -> Sent:
    """Send a prompt with a key of its own."""
    return send_prompt(user=user, chat_session=chat, text=text, key=key or f"road-{next(_keys)}", model=model)


async def asay(user: User, text: str = "Hi", *, chat: ChatSession | None = None, model: str = "sim") -> Sent:
    return await db_work(say, user, text, chat=chat, model=model)


def claim(sent: Sent, owner: str = "by hand") -> Claim:
    """Claim this generation, which must be the next one."""
    (found,) = lease.claim_next(owner, limit=1)
    assert found.id == sent.generation.pk
    return found


def write(sent: Sent, *payloads: Payload, epoch: int = 1, outcome: Outcome | None = None) -> list[Event]:
    """Append under a claim; the batch must be accepted."""
    stored = append([Batch(sent.generation.pk, epoch, payloads, outcome)])
    assert not stored.refused
    return stored.events[sent.generation.pk]


def answered(user: User, *chunks: str, chat: ChatSession | None = None, outcome: Outcome = COMPLETED) -> Sent:
    """Send a prompt and answer it by hand."""
    sent = say(user, chat=chat)
    claim(sent)
    write(sent, Started(1, "sim", "ollama"), *(Content(chunk) for chunk in chunks), outcome=outcome)
    sent.generation.refresh_from_db()
    sent.answer.refresh_from_db()
    return sent


def log(generation: Generation) -> list[Event]:
    return read(generation.pk, 0, limit=10_000)


def types(generation: Generation) -> list[str]:
    return [event.type for event in log(generation)]


def text_of(generation: Generation) -> str:
    """Return the content deltas of the log, joined."""
    return "".join(event.payload.chunk for event in log(generation) if isinstance(event.payload, Content))


def fresh(generation: Generation) -> Generation:
    return Generation.objects.select_related("message", "chat_session").get(pk=generation.pk)


def expire(generation: Generation) -> None:
    """Let the lease run out, as if its worker had been silent for long."""
    Generation.objects.filter(pk=generation.pk).update(lease_expires_at=db_now() - timedelta(seconds=1))


@asynccontextmanager
async def running_worker(committed: Committed = lambda events: None) -> AsyncIterator[Worker]:
    """Run a worker as long as the block; it hands back what it has then."""
    async with asyncio.TaskGroup() as group:
        worker = Worker(committed)
        task = group.create_task(worker.run())
        try:
            yield worker
        finally:
            task.cancel()


async def until(question: Callable[[], T], timeout_s: float = WAIT_S) -> T:
    """Ask the database, again after each nudge, until the answer is true; return it."""
    rung = asyncio.Event()
    unlisten = doorbell.listen(lambda kind, own: rung.set())
    try:
        async with asyncio.timeout(timeout_s):
            while not (answer := await db_work(question)):
                await rung.wait()
                rung.clear()
            return answer
    finally:
        unlisten()


async def ended(sent: Sent, generation: Generation | None = None) -> Generation:
    """Wait for the end of a generation; return its row as it is then, with its message."""
    one = generation or sent.generation

    def look() -> Generation | None:
        row = fresh(one)
        return None if row.is_open else row

    found = await until(look)
    assert found is not None
    return found


async def has_text(sent: Sent, text: str) -> None:
    """Wait until this text is in the log."""
    await until(lambda: text in text_of(sent.generation))
