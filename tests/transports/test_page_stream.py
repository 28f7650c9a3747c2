"""The page's event stream, where a WebSocket cannot be had: the same frames, and the cursor as their id."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import AsyncClient

from accounts.models import User
from chat.models import ChatSession
from chat.models.ids import new_id
from chat.models.work import db_work
from tests.faults.viewers import PageViewer
from tests.ollama_sim import Hang, OllamaSim, Wait, reply
from tests.road import answered, asay, ended, has_text
from tests.sse_reader import reading, said_in
from tests.transports.doors import page_of, rendered, shows_the_truth, watching
from tests.transports.test_program_streams import HEADERS

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[..., None]


@pytest.fixture
def reader(async_client: AsyncClient, owner: User) -> AsyncClient:
    async_client.force_login(owner)
    return async_client


def url_of(chat: ChatSession, **query: str) -> str:
    return f"/chat/{chat.public_id}/stream?" + "&".join(f"{name}={value}" for name, value in query.items())


async def loaded(chat: ChatSession) -> PageViewer:
    return page_of(chat, await db_work(rendered, chat))


def written(cursors: dict[str, int]) -> str:
    return ",".join(f"{generation}.{seq}" for generation, seq in cursors.items())


async def follow(
    reader: AsyncClient, page: PageViewer, chat: ChatSession, until: Callable[[], bool], **headers: str
) -> str:
    """Read frames into the page until this is so; return the id of the last message, as EventSource keeps it."""
    url = url_of(chat, cursor=written(page.cursors), last=page.screen.last)
    response = await reader.get(url, headers=headers)
    assert response.status_code == 200
    last_id = headers.get("Last-Event-ID", "")
    async with reading(response) as parts:
        async for said in said_in(parts):
            last_id = said.get("id", last_id)
            page.take(json.loads(said["data"]))
            if until():
                break
    return last_id


async def test_it_works(reader: AsyncClient, owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("one ", Wait("go"), "*two*"))
    async with watching() as hub:
        sent = await asay(owner)
        page = await loaded(sent.chat_session)
        await follow(reader, page, sent.chat_session, lambda: "one" in page.text(sent.answer.public_id))
        model_server.open("go")
        await follow(reader, page, sent.chat_session, lambda: page.ended(sent.answer.public_id))
        assert await shows_the_truth(page, sent.chat_session)
        assert hub.count(("chat", sent.chat_session.pk)) == 0
    assert page.text(sent.answer.public_id) == "onetwo" and page.screen.shrank == []


async def test_it_begins_with_hello_and_its_headers(reader: AsyncClient, owner: User) -> None:
    chat = (await asay(owner)).chat_session
    async with watching(worker=False):
        response = await reader.get(url_of(chat))
        async with reading(response) as parts:
            first = await anext(said_in(parts))
    assert {name: response[name] for name in HEADERS} == HEADERS
    assert json.loads(first["data"])["type"] == "hello"


async def test_event_sources_own_cursor_wins(reader: AsyncClient, owner: User, model_server: OllamaSim) -> None:
    """With the cursor of the address, which is that of the page's load, it would get the whole answer again."""
    model_server.script(reply("one ", Wait("go"), "two ", Hang()))
    async with watching():
        sent = await asay(owner)
        page = await loaded(sent.chat_session)
        url = url_of(sent.chat_session, cursor=f"{sent.generation.public_id}.999999")
        async with reading(await reader.get(url)) as other:  # somebody else stays
            await anext(other)
            last_id = await follow(reader, page, sent.chat_session, lambda: "one" in page.text(sent.answer.public_id))
            assert last_id == f"{sent.generation.public_id}.{page.cursors[sent.generation.public_id]}"
            model_server.open("go")
            await has_text(sent, "two ")
            seen: list[str] = []
            async with reading(await reader.get(url, headers={"Last-Event-ID": last_id})) as parts:
                async for said in said_in(parts):
                    page.take(frame := json.loads(said["data"]))
                    seen.append(frame["type"])
                    if "onetwo" in page.text(sent.answer.public_id):
                        break
    assert "frame" in seen and "reset" not in seen and page.gaps == 0 and page.duplicates == 0


async def test_what_ended_meanwhile_comes_whole(reader: AsyncClient, owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("one ", Wait("go"), "two"))
    async with watching():
        sent = await asay(owner)
        page = await loaded(sent.chat_session)
        await follow(reader, page, sent.chat_session, lambda: "one" in page.text(sent.answer.public_id))
        model_server.open("go")
        await ended(sent)
        await follow(reader, page, sent.chat_session, lambda: page.ended(sent.answer.public_id))
        assert await shows_the_truth(page, sent.chat_session)


async def test_prompts_of_other_tabs_show(reader: AsyncClient, owner: User, model_server: OllamaSim) -> None:
    sent = await db_work(answered, owner, "Hello")
    page = await loaded(sent.chat_session)
    async with watching():
        later = await asay(owner, "repeat: later", chat=sent.chat_session)
        await follow(reader, page, sent.chat_session, lambda: page.ended(later.answer.public_id))
        assert await shows_the_truth(page, sent.chat_session)


# --- refusals


async def test_it_requires_a_signed_in_person(async_client: AsyncClient, owner: User) -> None:
    chat = (await asay(owner)).chat_session
    response = await async_client.get(url_of(chat))
    assert response.status_code == 401 and json.loads(response.content)["code"] == "not_signed_in"


async def test_not_theirs_and_not_there_are_the_same_bytes(reader: AsyncClient, outsider: User) -> None:
    theirs = (await asay(outsider)).chat_session
    absent = ChatSession(public_id=new_id())
    responses = [await reader.get(url_of(chat)) for chat in (theirs, absent)]
    assert [response.status_code for response in responses] == [404, 404]
    assert responses[0].content == responses[1].content


@pytest.mark.parametrize("cursor", ["x", "1", f"{'y' * 22}.-1", f"{'y' * 22}.1,", "%00"])
async def test_it_rejects_a_malformed_cursor(reader: AsyncClient, owner: User, cursor: str) -> None:
    chat = (await asay(owner)).chat_session
    assert (await reader.get(url_of(chat, cursor=cursor))).status_code == 400
    if "%" not in cursor:
        assert (await reader.get(url_of(chat), headers={"Last-Event-ID": cursor})).status_code == 400


async def test_a_foreign_cursor_tells_nothing(reader: AsyncClient, owner: User, outsider: User) -> None:
    theirs, mine = await db_work(answered, outsider, "secret"), await asay(owner)
    async with watching(worker=False):
        response = await reader.get(url_of(mine.chat_session, cursor=f"{theirs.generation.public_id}.1"))
        async with reading(response) as parts:
            frames = [await anext(parts) for _ in range(2)]
    assert "secret" not in str(frames)


async def test_it_rejects_more_than_a_person_may_have(reader: AsyncClient, owner: User, conf: Change) -> None:
    conf(max_sockets_per_user=1)
    chat = (await asay(owner)).chat_session
    async with watching(worker=False):
        async with reading(await reader.get(url_of(chat))) as parts:
            await anext(parts)
            second = await reader.get(url_of(chat))
            assert second.status_code == 429 and second["Retry-After"] == "15"
        third = await reader.get(url_of(chat))
        assert third.status_code == 200


async def test_who_leaves_before_the_first_byte_leaves_nothing(reader: AsyncClient, owner: User) -> None:
    chat = (await asay(owner)).chat_session
    async with watching(worker=False) as hub:
        await reader.get(url_of(chat))
        assert hub.count(("user", owner.pk)) == 0


async def test_it_is_for_reading_only(reader: AsyncClient, owner: User) -> None:
    chat = (await asay(owner)).chat_session
    assert (await reader.post(url_of(chat))).status_code == 405


async def test_a_server_that_stops_sends_the_page_elsewhere(reader: AsyncClient, owner: User) -> None:
    chat = (await asay(owner)).chat_session
    async with watching(worker=False) as hub, reading(await reader.get(url_of(chat))) as parts:
        await anext(parts)
        hub.drain()
        kinds = [json.loads(one["data"])["type"] async for one in said_in(parts)]
    assert kinds[-1] == "rotate"
