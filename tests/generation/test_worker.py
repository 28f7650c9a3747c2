"""The worker: hears of work, keeps its leases, hands back when it must go, survives what its runners meet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from accounts.models import User
from chat.actions import sessions
from chat.generation import lease
from chat.models import ChatSession
from chat.models.work import db_work
from tests.ollama_sim import Hang, OllamaSim, Text, Wait, Words, refuse, reply
from tests.outage import Outage
from tests.road import asay, ended, expire, fresh, has_text, log, running_worker, text_of, until

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[..., None]


async def eventually(question: Callable[[], bool], timeout_s: float = 10) -> None:
    """Ask the database again and again: nothing rings for what is asked here."""
    async with asyncio.timeout(timeout_s):
        while not await db_work(question):  # noqa: ASYNC110 - nothing rings
            await asyncio.sleep(0.01)


LONG = "Once upon a time there was a table in a kitchen, "


async def test_it_works(owner: User, model_server: OllamaSim, conf: Change) -> None:
    """It claims on a nudge: the tick is far away."""
    conf(tick_s=60.0)
    async with running_worker():
        sent = await asay(owner)
        row = await ended(sent)
    assert row.state == "completed" and (row.owner, row.lease_expires_at) == ("", None)


async def test_without_a_nudge_it_finds_work_by_itself(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(tick_s=0.05)
    sent = await asay(owner)
    await db_work(lambda: type(sent.generation).objects.update(state="stopped"))
    async with running_worker():
        await db_work(lambda: type(sent.generation).objects.update(state="queued"))  # no action, so no nudge
        await until(lambda: not fresh(sent.generation).is_open)


async def test_it_hands_back_and_another_goes_on(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply(LONG, Hang()), reply("and nobody sat at it."))
    sent = await asay(owner)
    async with running_worker() as first:
        await has_text(sent, LONG)
    row = await db_work(fresh, sent.generation)
    assert (row.state, row.owner, await db_work(text_of, row)) == ("queued", "", LONG)
    await model_server.wait_for(lambda sim: sim.cancelled == 1)
    async with running_worker() as second:
        row = await ended(sent)
    assert first.owner != second.owner
    assert (row.state, row.message.content, row.recoveries) == ("completed", LONG + "and nobody sat at it.", 1)
    assert [event.epoch for event in await db_work(log, row)] == sorted(e.epoch for e in await db_work(log, row))


async def test_two_workers_share_the_work(owner: User, outsider: User, model_server: OllamaSim, conf: Change) -> None:
    conf(slots_per_model=10, max_running=10)
    model_server.slots = 10
    async with running_worker(), running_worker():
        sents = [await asay(user, f"repeat: {n}") for n in range(5) for user in (owner, outsider)]
        rows = [await ended(sent) for sent in sents]
    assert [row.message.content for row in rows] == [str(n) for n in range(5) for _ in range(2)]
    assert all(row.epoch == 1 for row in rows) and len(model_server.chats) == 10


async def test_users_take_turns(owner: User, outsider: User, model_server: OllamaSim) -> None:
    sents = [await asay(owner, f"repeat: owner {n}") for n in range(3)] + [await asay(outsider, "repeat: outsider")]
    async with running_worker():
        for sent in sents:
            await ended(sent)
    asked = [chat["messages"][-1]["content"] for chat in model_server.chats]
    assert asked[1] == "repeat: outsider"


async def test_it_keeps_the_lease_of_a_silent_answer(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(renew_s=0.05)
    model_server.script(reply(Wait("never"), "Hello"))
    sent = await asay(owner)
    async with running_worker():
        await model_server.wait_for(lambda sim: sim.gate("never").waiting == 1)
        first = (await db_work(fresh, sent.generation)).lease_expires_at
        await eventually(lambda: fresh(sent.generation).lease_expires_at != first)


async def test_it_leaves_what_another_has_claimed(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(renew_s=0.05, tick_s=60.0)
    model_server.script(reply(LONG, Hang()))
    sent = await asay(owner)
    async with running_worker():
        await has_text(sent, LONG)
        await db_work(expire, sent.generation)
        (found,) = await db_work(lease.claim_next, "another worker", limit=1)
        await model_server.wait_for(lambda sim: sim.cancelled == 1)
    row = await db_work(fresh, sent.generation)
    assert (row.owner, row.epoch, row.state) == ("another worker", found.epoch, "running")
    assert await db_work(text_of, row) == LONG


async def test_after_a_long_sleep_it_takes_its_own_work_up_again(
    owner: User, model_server: OllamaSim, conf: Change
) -> None:
    """A laptop that wakes: the lease has run out, and the same worker is the first to see it."""
    conf(renew_s=60.0, tick_s=0.05)
    model_server.slots = 2
    model_server.script(reply(LONG, Hang()), reply("and nobody sat at it."))
    sent = await asay(owner)
    async with running_worker():
        await has_text(sent, LONG)
        await db_work(expire, sent.generation)
        row = await ended(sent)
        assert (row.message.content, row.epoch) == (LONG + "and nobody sat at it.", 2)
        assert (await ended(await asay(owner, "Still there?"))).state == "completed"
    await model_server.wait_for(lambda sim: sim.cancelled == 1)


async def test_a_model_that_never_loads_leaves_nobody_behind(owner: User, model_server: OllamaSim) -> None:
    """What watches the loading ends with its answer, also where that failed."""
    model_server.script(refuse(400, "no"))
    async with running_worker():
        assert (await ended(await asay(owner))).state == "failed"
        assert (await ended(await asay(owner, "Again"))).state == "completed"
        names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
    assert not any("_watch_loading" in name for name in names)


async def test_an_outage_of_the_database_is_waited_out(
    owner: User, model_server: OllamaSim, conf: Change, storage_away: Outage
) -> None:
    conf(tick_s=0.05)
    model_server.script(reply(LONG, Wait("outage"), Words("and nobody sat at it.")))
    sent = await asay(owner)
    async with running_worker():
        await has_text(sent, LONG)
        async with storage_away():
            model_server.open("outage")
            await model_server.wait_for(lambda sim: sim.finished == 1)
            await asyncio.sleep(0.05)  # at least one append fails
        row = await ended(sent)
    assert (row.state, row.message.content) == ("completed", LONG + "and nobody sat at it.")


async def test_a_claim_that_cannot_read_its_chat_is_made_again(
    owner: User, model_server: OllamaSim, conf: Change, storage_away: Outage
) -> None:
    """A database that fails is no failure of the answer."""
    conf(tick_s=0.05, lease_s=0.2)
    sent = await asay(owner, "repeat: Hello")
    async with storage_away(), running_worker():
        await asyncio.sleep(0.1)  # it claims, and cannot go on
    async with running_worker():
        row = await ended(sent)
    assert (row.state, row.message.content) == ("completed", "Hello")


async def test_the_hub_beside_it_hears_every_event(owner: User, model_server: OllamaSim) -> None:
    heard = []
    async with running_worker(committed=heard.append):
        sent = await asay(owner)
        await ended(sent)
    events = [event for window in heard for event in window[sent.generation.pk]]
    assert events == await db_work(log, sent.generation)


# --- titles


def title_asked(request) -> bool:  # type: ignore[no-untyped-def]
    return "Write a title" in request.json["messages"][-1]["content"]


async def titled(chat: ChatSession, source: str = "auto") -> ChatSession:
    return await until(lambda: ChatSession.objects.filter(pk=chat.pk, title_source=source).first())


async def test_the_model_names_the_chat(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(tick_s=0.05)
    model_server.script(reply('"Bread for ', 'beginners."'), when=title_asked)
    async with running_worker():
        sent = await asay(owner, "How do I bake bread?")
        await ended(sent)
        assert (await titled(sent.chat_session)).title == "Bread for beginners"
    asked = model_server.chats[-1]["messages"][0]["content"]
    assert "How do I bake bread?" in asked


async def test_the_persons_own_name_stays(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(tick_s=0.05)
    model_server.script(reply(Wait("named"), "A title"), when=title_asked)
    async with running_worker():
        sent = await asay(owner)
        await ended(sent)
        await model_server.wait_for(lambda sim: sim.gate("named").waiting == 1)
        await db_work(sessions.rename, chat_session=sent.chat_session, title="Mine")
        model_server.open("named")
        await model_server.wait_for(lambda sim: sim.finished == 2)
    assert (await db_work(ChatSession.objects.get)).title == "Mine"


async def test_a_model_without_a_title_is_asked_three_times(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(tick_s=0.02)
    model_server.script(reply("  "), refuse(500, "no"), reply(Text(thinking="hm")), when=title_asked)
    async with running_worker():
        sent = await asay(owner, "First words")
        await ended(sent)
        await eventually(lambda: ChatSession.objects.filter(title_attempts=3).exists())
        second = await asay(owner, "Second", chat=sent.chat_session)
        await ended(second)
    chat = await db_work(ChatSession.objects.get)
    assert (chat.title, chat.title_source, chat.title_attempts) == ("First words", "wanted", 3)


async def test_a_title_gives_way_to_an_answer(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(tick_s=0.02)
    model_server.script(reply(Wait("never"), "Late"), reply("In time"), when=title_asked)
    async with running_worker():
        sent = await asay(owner, "First words")
        await ended(sent)
        await model_server.wait_for(lambda sim: sim.gate("never").waiting == 1)
        await ended(await asay(owner, "Second", chat=sent.chat_session))
        chat = await titled(sent.chat_session)
    assert (chat.title, chat.title_attempts, model_server.cancelled) == ("In time", 1, 1)


async def test_a_failed_answer_gets_no_title(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(tick_s=0.02)
    model_server.script(refuse(400, "no"))
    async with running_worker():
        await ended(await asay(owner))
        await ended(await asay(owner, "repeat: once", model="sim"))
        await model_server.wait_for(lambda sim: len(sim.chats) == 3)
    assert "repeat: once" in model_server.chats[-1]["messages"][-1]["content"]
