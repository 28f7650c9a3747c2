"""The group commit: everything gathered goes in together, in order, and nothing is lost when storage fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import User
from chat.actions.send import Sent
from chat.events.append import Outcome
from chat.events.types import Content, Event, Payload, Phase, Started, Thinking
from chat.generation.commit import MAX_PENDING_CHARS, GroupCommit, LeaseLost, Writer
from chat.models.work import db_work
from tests.outage import Outage
from tests.road import COMPLETED, asay, claim, expire, fresh, log, text_of

pytestmark = pytest.mark.django_db(transaction=True)

Heard = list[dict[int, list[Event]]]


@asynccontextmanager
async def committing() -> AsyncIterator[tuple[GroupCommit, Heard]]:
    heard: Heard = []
    commit = GroupCommit(heard.append)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(commit.run())
        try:
            yield commit, heard
        finally:
            task.cancel()


async def writer_of(commit: GroupCommit, sent: Sent) -> Writer:
    found = await db_work(claim, sent)
    return commit.writer(found.id, found.epoch)


async def in_thread_of(commit: GroupCommit, question: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(commit._thread, question)


async def stored(sent: Sent) -> list[Payload]:
    return [event.payload for event in await db_work(log, sent.generation)]


async def test_it_works(owner: User) -> None:
    sent = await asay(owner)
    async with committing() as (commit, heard):
        writer = await writer_of(commit, sent)
        writer.put(Started(1, "sim", "o"))
        await writer.end(COMPLETED, Content("Hello"))
    assert (await db_work(fresh, sent.generation)).message.content == "Hello"
    assert [event for window in heard for event in window[sent.generation.pk]] == await db_work(log, sent.generation)


async def test_neighbouring_text_becomes_one_event(owner: User) -> None:
    sent = await asay(owner)
    async with committing() as (commit, _):
        writer = await writer_of(commit, sent)
        said: list[Payload] = [Content("a"), Content("b"), Thinking("t"), Thinking("u"), Phase("writing", "W")]
        for payload in [*said, Content("c"), Content("d")]:
            writer.put(payload)
        await writer.stored()
    assert await stored(sent) == [Content("ab"), Thinking("tu"), Phase("writing", "W"), Content("cd")]


async def test_several_generations_go_in_one_transaction(owner: User, outsider: User) -> None:
    first, second = await asay(owner), await asay(outsider, model="other")
    async with committing() as (commit, heard):
        writers = [await writer_of(commit, sent) for sent in (first, second)]
        for writer in writers:
            writer.put(Content("x"))
        await asyncio.gather(*(writer.stored() for writer in writers))
    (window,) = heard
    assert window.keys() == {first.generation.pk, second.generation.pk}


async def test_a_window_is_a_fixed_number_of_statements(owner: User, outsider: User) -> None:
    sents = [await asay(owner), await asay(outsider, model="other")]
    async with committing() as (commit, _):
        writers = [await writer_of(commit, sent) for sent in sents]
        theirs = await in_thread_of(commit, lambda: connections["default"])
        theirs.force_debug_cursor = True
        for writer in writers:
            for _ in range(50):
                writer.put(Content("x"))
                writer.put(Phase("writing", ""))
        await asyncio.gather(*(writer.stored() for writer in writers))
        kinds = [query["sql"].split()[0] for query in theirs.queries]
    assert kinds.count("WITH") == 1 and kinds.count("INSERT") == 1


async def test_stored_means_stored(owner: User) -> None:
    sent = await asay(owner)
    async with committing() as (commit, _):
        writer = await writer_of(commit, sent)
        for number in range(20):
            writer.put(Content(f"{number} "))
            await writer.stored()
            assert await db_work(text_of, sent.generation) == "".join(f"{n} " for n in range(number + 1))


async def test_the_end_is_waited_for_even_without_last_words(owner: User) -> None:
    sent = await asay(owner)
    async with committing() as (commit, _):
        writer = await writer_of(commit, sent)
        writer.put(Content("x"))
        storing = asyncio.ensure_future(writer.stored())
        await asyncio.sleep(0.005)  # this window may be on its way already
        await writer.end(COMPLETED)
        assert (await db_work(fresh, sent.generation)).state == "completed"
        await storing


async def test_nothing_said_is_stored_at_once(owner: User) -> None:
    sent = await asay(owner)
    async with committing() as (commit, heard):
        await (await writer_of(commit, sent)).stored()
    assert heard == []


async def test_what_was_said_last_is_stored_when_it_ends(owner: User) -> None:
    sent = await asay(owner)
    async with committing() as (commit, _):
        (await writer_of(commit, sent)).put(Content("last words"))
    assert await stored(sent) == [Content("last words")]


async def test_a_zombie_is_told_and_nothing_of_it_is_stored(owner: User) -> None:
    sent = await asay(owner)
    async with committing() as (commit, heard):
        zombie = await writer_of(commit, sent)
        await db_work(expire, sent.generation)
        await db_work(claim, sent, "another worker")
        zombie.put(Content("late"))
        with pytest.raises(LeaseLost):
            await zombie.stored()
        with pytest.raises(LeaseLost):
            zombie.put(Content("later"))
        with pytest.raises(LeaseLost):
            await zombie.end(COMPLETED)
    assert heard == [] and await stored(sent) == []
    assert (await db_work(fresh, sent.generation)).state == "running"


async def test_the_newest_claim_of_the_same_process_wins(owner: User) -> None:
    sent = await asay(owner)
    async with committing() as (commit, _):
        old = await writer_of(commit, sent)
        await db_work(expire, sent.generation)
        new = await writer_of(commit, sent)
        new.put(Content("new"))
        old.put(Content("old"))
        await new.end(COMPLETED)
        assert old.lost.is_set() and not new.lost.is_set()
    assert await db_work(text_of, sent.generation) == "new"


async def test_what_cannot_be_stored_holds_up_nobody_else(owner: User, outsider: User) -> None:
    bad, good = await asay(owner), await asay(outsider, model="other")
    async with committing() as (commit, _):
        bad_writer, good_writer = await writer_of(commit, bad), await writer_of(commit, good)
        ends = [bad_writer.end(Outcome("failed", "error", "x", "half a \ud800 pair")), good_writer.end(COMPLETED)]
        results = await asyncio.gather(*ends, return_exceptions=True)
    assert isinstance(results[0], LeaseLost) and results[1] is None
    assert (await db_work(fresh, good.generation)).state == "completed"
    assert (await db_work(fresh, bad.generation)).state == "running"


async def test_an_outage_of_storage_loses_nothing(owner: User, storage_away: Outage) -> None:
    sent = await asay(owner)
    async with committing() as (commit, heard):
        writer = await writer_of(commit, sent)
        async with storage_away():
            for word in ("one", "two", "three", ""):
                writer.put(Content(word))
            storing = asyncio.ensure_future(writer.stored())
            await asyncio.sleep(0.05)  # at least one append fails
            writer.put(Content("four"))
            assert not storing.done() and heard == []
        await writer.end(COMPLETED)
        await storing
    assert await db_work(text_of, sent.generation) == "onetwothreefour"
    assert [event.seq for event in await db_work(log, sent.generation)] == [1, 2, 3]


async def test_pending_text_has_a_limit(owner: User) -> None:
    sent = await asay(owner)
    async with committing() as (commit, _):
        writer = await writer_of(commit, sent)
        assert not writer.full
        writer.put(Content("x" * MAX_PENDING_CHARS))
        writer.put(Content("y"))
        assert writer.full
        await writer.stored()
        assert not writer.full


async def test_its_connection_is_closed_at_the_end(owner: User) -> None:
    sent = await asay(owner)
    async with committing() as (commit, _):
        writer = await writer_of(commit, sent)
        writer.put(Content("x"))
        await writer.stored()
        theirs = await in_thread_of(commit, lambda: connection.connection)
        assert theirs is not None
    await asyncio.to_thread(commit._thread.shutdown, True)
    with pytest.raises(Exception, match="closed"):
        theirs.execute("SELECT 1")
