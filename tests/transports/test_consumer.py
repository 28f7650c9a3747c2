"""The page's socket: who may open it, what it says, and that nothing a page says breaks it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from accounts.models import User
from chat.actions import sessions
from chat.actions.again import retry
from chat.actions.stop import stop_generation
from chat.models import ChatSession, Generation
from chat.models.ids import new_id
from chat.models.work import db_work
from tests.ollama_sim import Hang, OllamaSim, Wait, refuse, reply
from tests.road import answered, asay, ended, fresh, has_text
from tests.transports.doors import WAIT_S, Tab, raw_socket, session_cookie, shows_the_truth, tab, watching

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[..., None]


async def test_it_works(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("Hel", "lo *there*"))
    async with watching(), tab(owner) as page:
        await page.say(do="send", chat="", key="k", text="Hi", model="sim")
        chat = await until_there(page)
        await page.open(chat)
        sent = await db_work(chat.messages.get, role="assistant")
        await page.see(sent.public_id, "completed")
        assert page.page.text(sent.public_id) == "Hellothere"
        assert await shows_the_truth(page.page, chat)


async def until_there(page: Tab) -> ChatSession:
    """Hear the sidebar's notice of the new chat, as a page does that began one."""
    await page.hear_until("notice")
    return await db_work(ChatSession.objects.get)


async def test_hello_counts_connections(owner: User, model_server: OllamaSim) -> None:
    async with watching(worker=False), tab(owner) as first, tab(owner) as second:
        numbers = [one.frames[0]["connection"] for one in (first, second)]
    assert numbers[1] == numbers[0] + 1 and first.frames[0]["heads"] == {}


# --- who may come in


async def test_it_requires_a_signed_in_person(db: None) -> None:
    async with raw_socket() as communicator:
        connected, _ = await communicator.connect(timeout=WAIT_S)
        assert connected and await communicator.receive_output(timeout=WAIT_S) == {
            "type": "websocket.close",
            "code": 4401,
        }
        await communicator.send_to(text_data='{"do": "open", "chat": ""}')
        assert await communicator.receive_nothing()


async def test_it_rejects_a_person_who_was_deactivated(owner: User) -> None:
    cookie = await db_work(session_cookie, owner)
    await db_work(User.objects.update, is_active=False)
    async with raw_socket(cookie) as communicator:
        await communicator.connect(timeout=WAIT_S)
        assert (await communicator.receive_output(timeout=WAIT_S))["code"] == 4401


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://testserver:8000", "http://testserver.evil.example", "http://[::1"],
)
async def test_it_rejects_a_foreign_origin(owner: User, origin: str) -> None:
    cookie = await db_work(session_cookie, owner)
    async with raw_socket(cookie, origin=origin) as communicator:
        connected, _ = await communicator.connect(timeout=WAIT_S)
        assert not connected


async def test_it_rejects_more_sockets_than_a_person_may_have(owner: User, outsider: User, conf: Change) -> None:
    conf(max_sockets_per_user=1)
    async with watching(worker=False), tab(owner):
        async with raw_socket(await db_work(session_cookie, owner)) as second:
            await second.connect(timeout=WAIT_S)
            assert (await second.receive_output(timeout=WAIT_S))["code"] == 4429
        async with tab(outsider):
            pass
    async with watching(worker=False), tab(owner):
        pass


# --- whose chat


async def test_a_foreign_chat_is_one_that_is_not_there(owner: User, outsider: User) -> None:
    theirs = (await db_work(answered, outsider, "secret")).chat_session
    refusals = []
    async with watching(worker=False), tab(owner) as page:
        for chat in (theirs.public_id, new_id(), "x", "x" * 21 + "\0", "\ud800" * 22):
            await page.say(do="open", chat=chat)
            refusals.append(await page.hear_until("error"))
    assert {refusal["code"] for refusal in refusals} == {"not_found"}
    assert len({json.dumps(refusal) for refusal in refusals}) == 1
    assert "secret" not in json.dumps(page.frames)


@pytest.mark.parametrize(
    "verb",
    [
        lambda sent: {"do": "send", "chat": sent.chat_session.public_id, "key": "k", "text": "Hi"},
        lambda sent: {"do": "stop", "generation": sent.generation.public_id},
        lambda sent: {"do": "retry", "message": sent.answer.public_id},
        lambda sent: {"do": "continue", "message": sent.answer.public_id},
    ],
    ids=["send", "stop", "retry", "continue"],
)
async def test_it_rejects_every_verb_on_what_is_not_theirs(owner: User, outsider: User, verb) -> None:  # type: ignore[no-untyped-def]
    theirs = await asay(outsider)
    async with watching(worker=False), tab(owner) as page:
        await page.say(**verb(theirs))
        assert (await page.hear_until("error"))["code"] == "not_found"
    assert await db_work(Generation.objects.count) == 1
    assert (await db_work(fresh, theirs.generation)).state == "queued"


async def test_nothing_of_others_comes(owner: User, outsider: User, model_server: OllamaSim) -> None:
    async with watching(), tab(owner) as page:
        theirs = await asay(outsider, "repeat: secret")
        await ended(theirs)
        mine = await asay(owner, "repeat: mine")
        await ended(mine)
        while mine.chat_session.public_id not in json.dumps(page.frames):
            await page.hear()
    assert "secret" not in json.dumps(page.frames) and theirs.chat_session.public_id not in json.dumps(page.frames)


# --- what is said


MALFORMED = [
    "x",
    "[]",
    "null",
    "1",
    '"open"',
    "{}",
    '{"do": 1}',
    '{"do": null}',
    '{"do": "websocket.disconnect"}',
    '{"do": "__class__"}',
    '{"do": "fly"}',
    '{"do": "open", "chat": 5}',
    '{"do": "open", "chat": "", "cursors": [1]}',
    '{"do": "open", "chat": "", "cursors": {"x": "1"}}',
    '{"do": "open", "chat": "", "cursors": {"x": -1}}',
    '{"do": "open", "chat": "", "cursors": {"x": 1e99}}',
    '{"do": "open", "chat": "", "cursors": {"x": true}}',
    '{"do": "send"}',
    '{"do": "send", "text": "Hi"}',
    '{"do": "send", "text": ["Hi"], "key": "k"}',
    '{"do": "send", "text": "Hi", "key": "k\\u0000"}',
    '{"do": "send", "text": "Hi", "key": "k", "model": "\\ud800"}',
    '{"do": "send", "text": "Hi", "key": "k", "model": {"a": 1}}',
    '{"do": "ack"}',
    '{"do": "ack", "generation": 5, "seq": 1}',
    '{"do": "ack", "generation": "x", "seq": 99999999999}',
    '{"do": "stop", "generation": []}',
    "[" * 100_000,
    "1" * 5_000,
]


async def test_it_rejects_what_it_does_not_understand_and_lives(owner: User) -> None:
    async with watching(worker=False), tab(owner) as page:
        for text in MALFORMED[:25]:
            await page.socket.send_to(text_data=text)
            refusal = await page.hear_until("error")
            assert refusal["code"] in ("invalid_request", "not_found") and refusal["html"], text
        await page.socket.send_to(bytes_data=b'{"do": "open", "chat": ""}')
        assert (await page.hear_until("error"))["code"] == "invalid_request"
    async with watching(worker=False), tab(owner) as page:
        for text in MALFORMED[25:]:
            await page.socket.send_to(text_data=text)
            assert (await page.hear_until("error"))["code"] in ("invalid_request", "not_found"), text
        await page.say(do="send", key="k", text="Still there?")
        await page.hear_until("notice")
    assert await db_work(Generation.objects.count) == 1


async def test_it_rejects_a_frame_over_the_limit(owner: User, conf: Change) -> None:
    conf(max_socket_frame_bytes=1_000)
    async with watching(worker=False), tab(owner) as page:
        await page.say(do="send", key="k", text="x" * 1_000)
        assert (await page.hear_until("error"))["code"] == "prompt_too_long"
        await page.say(do="send", key="k", text="x" * 100)
        await page.hear_until("notice")


async def test_who_says_too_much_is_closed(owner: User) -> None:
    async with watching(worker=False), tab(owner) as page:
        for _ in range(150):  # two whole seconds' worth, so that no clock can come between
            await page.say(do="report")
        while (output := await page.socket.receive_output(timeout=WAIT_S))["type"] != "websocket.close":
            pass
        assert output["code"] == 4429


async def test_too_many_messages_are_told_with_the_seconds(owner: User, conf: Change) -> None:
    conf(messages_per_minute=1)
    async with watching(worker=False), tab(owner) as page:
        for key in ("k1", "k2"):
            await page.say(do="send", key=key, text="Hi")
        refusal = await page.hear_until("error")
    assert refusal["code"] == "rate_limited" and 1 <= refusal["retry_after"] <= 60
    assert await db_work(Generation.objects.count) == 1


async def test_the_same_key_again_changes_nothing(owner: User) -> None:
    async with watching(worker=False), tab(owner) as page:
        for _ in range(3):
            await page.say(do="send", key="k", text="Hi")
        await page.say(do="send", key="other", text="")
        await page.hear_until("error")
    assert await db_work(Generation.objects.count) == 1


# --- the stream


async def test_it_streams_to_the_end(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("one ", Wait("go"), "two"))
    async with watching():
        sent = await asay(owner)
        await has_text(sent, "one ")
        async with tab(owner, sent.chat_session) as page:
            await page.see_text(sent.answer.public_id, "one")
            await page.settle()
            model_server.open("go")
            await page.see(sent.answer.public_id, "completed")
            assert await shows_the_truth(page.page, sent.chat_session)
    kinds = [frame["type"] for frame in page.frames]
    assert "frame" in kinds and page.page.gaps == 0 and page.page.screen.shrank == []


async def test_two_tabs_see_the_same(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("one ", Wait("go"), "two"))
    async with watching():
        sent = await asay(owner)
        async with tab(owner, sent.chat_session) as first, tab(owner, sent.chat_session) as second:
            await first.see_text(sent.answer.public_id, "one")
            model_server.open("go")
            for page in (first, second):
                await page.see(sent.answer.public_id, "completed")
                assert await shows_the_truth(page.page, sent.chat_session)


async def test_what_one_tab_sends_shows_in_the_other(owner: User, model_server: OllamaSim) -> None:
    chat = (await db_work(answered, owner, "Hello")).chat_session
    async with watching(), tab(owner, chat) as first, tab(owner, chat) as second:
        await first.say(do="send", chat=chat.public_id, key="k", text="repeat: from the first tab", model="sim")
        for page in (first, second):
            while len(page.page.screen.texts()) < 4:
                await page.hear()
            answer = page.page.screen.last_message
            await page.see(answer, "completed")
            assert page.page.text(answer) == "fromthefirsttab"
            assert await shows_the_truth(page.page, chat)


async def test_stop_in_one_tab_stops_in_all(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("so far", Hang()))
    async with watching():
        sent = await asay(owner)
        async with tab(owner, sent.chat_session) as first, tab(owner, sent.chat_session) as second:
            for page in (first, second):
                await page.see_text(sent.answer.public_id, "sofar")
            await second.say(do="stop", generation=sent.generation.public_id, seen=3)
            for page in (first, second):
                await page.see(sent.answer.public_id, "stopped")
                assert await shows_the_truth(page.page, sent.chat_session)
        await model_server.wait_for(lambda sim: sim.cancelled == 1)
    assert (await db_work(fresh, sent.generation)).stop_seen_seq == 3


async def test_a_disconnect_is_never_a_stop(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("one ", Wait("go"), "two"))
    async with watching() as hub:
        sent = await asay(owner)
        async with tab(owner, sent.chat_session) as page:
            await page.see_text(sent.answer.public_id, "one")
        assert hub.count(("chat", sent.chat_session.pk)) == hub.count(("user", owner.pk)) == 0
        model_server.open("go")
        row = await ended(sent)
    assert (row.state, row.message.content) == ("completed", "one two")


async def test_it_comes_back_from_its_cursor(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("one ", Wait("go"), "two ", Wait("on"), "three"))
    async with watching():
        sent = await asay(owner)
        async with tab(owner, sent.chat_session) as page:
            await page.see_text(sent.answer.public_id, "one")
        model_server.open("go")
        await has_text(sent, "two ")
        page.page.cursors = dict(page.page.cursors)
        async with tab(owner) as again:
            again.page = page.page
            await again.open(sent.chat_session)
            await again.see_text(sent.answer.public_id, "two")
            model_server.open("on")
            await again.see(sent.answer.public_id, "completed")
            assert await shows_the_truth(again.page, sent.chat_session)
    assert again.page.screen.shrank == []


async def test_what_ended_meanwhile_comes_whole(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("one ", Wait("go"), "two"))
    async with watching():
        sent = await asay(owner)
        async with tab(owner, sent.chat_session) as page:
            await page.see_text(sent.answer.public_id, "one")
        model_server.open("go")
        await ended(sent)
        later = await asay(owner, "repeat: later", chat=sent.chat_session)
        await ended(later)
        async with tab(owner) as again:
            again.page = page.page
            await again.open(sent.chat_session)
            await again.see(later.answer.public_id, "completed")
            await again.see(sent.answer.public_id, "completed")
            assert await shows_the_truth(again.page, sent.chat_session)


async def test_retry_and_continue(owner: User, model_server: OllamaSim) -> None:
    model_server.script(refuse(400, "no"), reply("so far", Hang()), reply(" and on"))
    async with watching():
        sent = await asay(owner)
        async with tab(owner, sent.chat_session) as page:
            await page.see(sent.answer.public_id, "failed")
            await page.say(do="retry", message=sent.answer.public_id)
            await page.see_text(sent.answer.public_id, "sofar")
            await db_work(lambda: stop_generation(generation=Generation.objects.latest("id")))
            await page.see(sent.answer.public_id, "stopped")
            await page.say(do="continue", message=sent.answer.public_id)
            await page.see(sent.answer.public_id, "completed")
            assert page.page.text(sent.answer.public_id) == "sofarandon"
            assert await shows_the_truth(page.page, sent.chat_session)


async def test_an_answer_tried_again_while_the_page_was_away_comes_anew(owner: User, model_server: OllamaSim) -> None:
    model_server.script(refuse(400, "no"), reply("at last"))
    async with watching():
        sent = await asay(owner)
        async with tab(owner, sent.chat_session) as page:
            await page.see(sent.answer.public_id, "failed")
        await ended(sent, await db_work(retry, answer=sent.answer))
        async with tab(owner) as again:
            again.page = page.page
            await again.open(sent.chat_session)
            await again.see(sent.answer.public_id, "completed")
            assert await shows_the_truth(again.page, sent.chat_session)


async def test_only_an_answer_can_be_asked_for_again(owner: User) -> None:
    sent = await db_work(answered, owner, "Hello")
    async with watching(worker=False), tab(owner) as page:
        await page.say(do="retry", message=sent.prompt.public_id)
        assert (await page.hear_until("error"))["code"] == "invalid_request"
        await page.say(do="retry", message=sent.answer.public_id)
        assert (await page.hear_until("error"))["code"] == "conflict"


# --- the list


async def test_the_list_hears_of_titles_and_ends(owner: User, model_server: OllamaSim) -> None:
    async with watching(), tab(owner) as page:
        sent = await asay(owner, "First words")
        await ended(sent)
        await db_work(sessions.rename, chat_session=sent.chat_session, title="A name of its own")
        while "A name of its own" not in str(page.frames):
            await page.hear()
        await db_work(sessions.delete, chat_session=sent.chat_session)
        while 'hx-swap-oob="delete"' not in (await page.hear()).get("html", ""):
            pass
    notices = [frame["html"] for frame in page.frames if frame["type"] == "notice"]
    assert any("First words" in html and "writing" in html for html in notices)


async def test_a_tab_that_comes_later_hears_what_others_have_heard(owner: User) -> None:
    async with watching(worker=False), tab(owner) as first:
        sent = await asay(owner, "First words")
        await first.hear_until("notice")
        async with tab(owner) as second:
            while "First words" not in str(second.frames):
                await second.hear()
    assert sent.chat_session.public_id in str(second.frames)


async def test_opening_a_long_chat_loads_no_old_answers(owner: User, model_server: OllamaSim) -> None:
    chat = (await db_work(answered, owner, "0")).chat_session
    for number in range(1, 10):
        await db_work(answered, owner, str(number), chat=chat)
    async with watching() as hub, tab(owner, chat) as page:
        await page.say(do="send", chat=chat.public_id, key="k", text="repeat: new", model="sim")
        while len(page.page.screen.texts()) < 22:
            await page.hear()
        assert len(hub.tracks) == 1
    assert len([frame for frame in page.frames if frame["type"] == "reset"]) == 1


async def test_a_heartbeat_tells_the_heads(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(heartbeat_s=0.1)
    model_server.script(reply("one", Hang()))
    async with watching():
        sent = await asay(owner)
        async with tab(owner, sent.chat_session) as page:
            await page.see_text(sent.answer.public_id, "one")
            beat = await page.hear_until("heartbeat")
            assert beat["heads"] == {sent.generation.public_id: page.page.cursors[sent.generation.public_id]}


async def test_a_server_that_stops_sends_everybody_elsewhere(owner: User) -> None:
    async with watching(worker=False) as hub, tab(owner) as page:
        hub.drain()
        assert 0 <= (await page.hear_until("rotate"))["after_ms"] < 1_000
        assert await page.socket.receive_output(timeout=WAIT_S) == {"type": "websocket.close", "code": 4012}
