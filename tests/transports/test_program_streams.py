"""Streams for programs: refused before they begin, resumed from any cursor, ended once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import AsyncClient

from accounts.models import User
from chat.actions import sessions
from chat.actions.again import continue_answer
from chat.events.types import Content, Replace, encode
from chat.models import EventRow, Generation
from chat.models.ids import new_id
from chat.models.work import db_work
from tests.ollama_sim import Hang, OllamaSim, Wait, refuse, reply
from tests.road import STOPPED, answered, asay, ended, fresh, has_text, log
from tests.sse_reader import all_of, events, reading, said_in
from tests.transports.doors import watching

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[..., None]
SEND = "/api/v1/chat/message/stream"
HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "Content-Encoding": "identity",
}


@pytest.fixture
def program(async_client: AsyncClient, owner: User) -> AsyncClient:
    async_client.force_login(owner)
    return async_client


def url_of(generation: Generation, verb: str = "events") -> str:
    return f"/api/v1/generations/{generation.public_id}/{verb}"


async def post(client: AsyncClient, body: object, **more: Any) -> Any:
    return await client.post(SEND, data=json.dumps(body), content_type="application/json", **more)


def refusal(response: HttpResponse) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["code"]


async def test_it_works(program: AsyncClient, model_server: OllamaSim) -> None:
    model_server.script(reply("Hel", "lo"))
    async with watching():
        response = await post(program, {"message": "Hi", "model": "sim"})
        said = await all_of(response)
    assert {name: response[name] for name in HEADERS} == HEADERS
    found = events(said)
    assert [event["seq"] for event in found] == list(range(1, len(found) + 1))
    assert "".join(event.get("chunk", "") for event in found) == "Hello"
    assert found[0]["type"] == "started" and found[-1]["type"] == "end" and found[-1]["state"] == "completed"
    assert said[-1] == {"data": "[DONE]"} and all("event" not in one for one in said)
    generation = await db_work(Generation.objects.get)
    assert [one["id"] for one in said[:-1]] == [f"{generation.public_id}.{event['seq']}" for event in found]
    assert response["SMAIL-Generation"] == generation.public_id and response["SMAIL-Session"]


async def test_the_log_is_what_was_streamed(program: AsyncClient, model_server: OllamaSim) -> None:
    async with watching():
        found = events(await all_of(await post(program, {"message": "Hi"})))
    generation = await db_work(Generation.objects.get)
    assert found == [event.to_json() for event in await db_work(log, generation)]


async def test_named_events(program: AsyncClient, model_server: OllamaSim) -> None:
    async with watching():
        response = await program.post(SEND + "?events=named", data='{"message": "Hi"}', content_type="application/json")
        said = await all_of(response)
    assert [one["event"] for one in said] == [event["type"] for event in events(said)] and said[-1]["event"] == "end"


async def test_a_second_prompt_in_the_chat(program: AsyncClient, model_server: OllamaSim) -> None:
    async with watching():
        first = await post(program, {"message": "Hi", "model": "sim"})
        await all_of(first)
        body = {"message": "And?", "session_id": first["SMAIL-Session"], "options": {"temperature": 0.5}}
        second = await post(program, body)
        await all_of(second)
    assert second["SMAIL-Session"] == first["SMAIL-Session"]
    assert model_server.chats[-1]["messages"][0]["content"] == "Hi" and len(model_server.chats) == 2
    assert model_server.chats[-1]["options"]["temperature"] == 0.5


async def test_the_same_key_streams_the_same_answer(program: AsyncClient, model_server: OllamaSim) -> None:
    async with watching():
        first, second = [await all_of(await post(program, {"message": "Hi", "key": "k"})) for _ in range(2)]
    assert first == second and await db_work(Generation.objects.count) == 1


async def test_a_failure_is_an_event(program: AsyncClient, model_server: OllamaSim) -> None:
    model_server.script(refuse(400, "no"))
    async with watching():
        found = events(await all_of(await post(program, {"message": "Hi"})))
    (error,) = [event for event in found if event["type"] == "error"]
    assert error["code"] and error["error"] and (found[-1]["state"], found[-1]["finish_reason"]) == ("failed", "error")


async def test_no_event_tells_internals(program: AsyncClient, conf: Change) -> None:
    conf(ollama_host="http://127.0.0.1:9", max_attempts=1)
    async with watching():
        said = await all_of(await post(program, {"message": "Hi"}))
    text = json.dumps(said)
    assert "server_unreachable" in text
    assert not any(inner in text for inner in ("127.0.0.1", "Traceback", "/work", "site-packages", 'epoch": 0'))


# --- who may


@pytest.mark.parametrize(
    ("method", "path"),
    [("post", SEND), ("get", "/api/v1/generations/{}/events"), ("post", "/api/v1/generations/{}/stop")],
)
async def test_it_requires_a_signed_in_person(async_client: AsyncClient, owner: User, method: str, path: str) -> None:
    generation = (await asay(owner)).generation
    path = path.format(generation.public_id)
    body = {"data": '{"message": "Hi"}', "content_type": "application/json"} if method == "post" else {}
    response = await getattr(async_client, method)(path, **body)
    assert refusal(response) == (401, "not_signed_in")
    assert await db_work(Generation.objects.count) == 1
    assert (await db_work(fresh, generation)).state == "queued"


async def test_it_rejects_a_person_who_was_deactivated(program: AsyncClient, owner: User) -> None:
    await db_work(User.objects.update, is_active=False)
    assert refusal(await post(program, {"message": "Hi"})) == (401, "not_signed_in")


@pytest.mark.parametrize("path", [SEND, "/api/v1/generations/{}/stop"])
async def test_it_requires_the_csrf_token(owner: User, path: str) -> None:
    client = AsyncClient(enforce_csrf_checks=True)
    await client.aforce_login(owner)
    generation = (await asay(owner)).generation
    body = '{"message": "Hi"}'
    response = await client.post(path.format(generation.public_id), data=body, content_type="application/json")
    assert response.status_code == 403
    assert await db_work(Generation.objects.count) == 1 and (await db_work(fresh, generation)).state == "queued"


async def test_with_the_csrf_token_it_works(owner: User, model_server: OllamaSim) -> None:
    client = AsyncClient(enforce_csrf_checks=True)
    await client.aforce_login(owner)
    client.cookies["csrftoken"] = "c" * 32
    async with watching():
        response = await post(client, {"message": "Hi"}, headers={"X-CSRFToken": "c" * 32})
        assert events(await all_of(response))[-1]["type"] == "end"


@pytest.mark.parametrize("verb", ["events", "stop"])
async def test_not_theirs_and_not_there_are_the_same_bytes(
    program: AsyncClient, owner: User, outsider: User, verb: str
) -> None:
    deleted = await db_work(answered, owner, "Hello")
    theirs = (await asay(outsider)).generation
    await db_work(sessions.delete, chat_session=deleted.chat_session)
    ask = program.get if verb == "events" else program.post
    ids = [theirs.public_id, new_id(), deleted.generation.public_id, "x", "%00" * 22]
    responses = [await ask(f"/api/v1/generations/{id_}/{verb}") for id_ in ids]
    assert {response.status_code for response in responses} == {404}
    assert len({response.content for response in responses}) == 1
    assert len({tuple(sorted(response.headers.items())) for response in responses}) == 1
    assert (await db_work(fresh, theirs)).state == "queued"


async def test_it_rejects_a_foreign_chat(program: AsyncClient, outsider: User) -> None:
    theirs = (await asay(outsider)).chat_session
    responses = [await post(program, {"message": "Hi", "session_id": id_}) for id_ in (theirs.public_id, new_id())]
    assert [refusal(response) for response in responses] == [(404, "not_found")] * 2
    assert responses[0].content == responses[1].content and await db_work(Generation.objects.count) == 1


# --- limits and malformed requests


async def test_too_many_messages(program: AsyncClient, conf: Change) -> None:
    conf(messages_per_minute=1)
    async with watching(worker=False):
        await post(program, {"message": "Hi"})
        response = await post(program, {"message": "Hi"})
    assert refusal(response) == (429, "rate_limited") and 1 <= int(response["Retry-After"]) <= 60
    assert await db_work(Generation.objects.count) == 1


async def test_a_full_queue(program: AsyncClient, conf: Change) -> None:
    conf(max_running=1, max_queued=0)
    async with watching(worker=False):
        await post(program, {"message": "Hi"})
        response = await post(program, {"message": "Hi"})
    assert refusal(response) == (429, "queue_full") and response["Retry-After"] == "10"


@pytest.mark.parametrize(
    "body",
    [
        "", "x", "[]", '"Hi"', "null", "{}", '{"message": ""}', '{"message": 5}', '{"message": ["Hi"]}',
        '{"message": "Hi", "session_id": 5}', '{"message": "Hi", "model": {}}', '{"message": "Hi", "key": []}',
        '{"message": "Hi", "options": []}', '{"message": "Hi", "options": "x"}',
        '{"message": "Hi", "options": {"a": NaN}}',
        '{"message": "Hi", "options": {"a": "\\u0000"}}', '{"message": "Hi", "key": "\\ud800"}', '{"message": "Hi"',
        "[" * 100_000,
    ],
)  # fmt: skip
async def test_it_rejects_a_malformed_body(program: AsyncClient, body: str) -> None:
    response = await program.post(SEND, data=body, content_type="application/json")
    assert refusal(response) == (400, "invalid_request")
    assert await db_work(Generation.objects.count) == 0


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_it_rejects_what_other_sites_could_send(program: AsyncClient, content_type: str) -> None:
    response = await program.post(SEND, data=b'{"message": "Hi"}', content_type=content_type)
    assert refusal(response) == (400, "invalid_request")


async def test_it_rejects_a_prompt_over_the_limit(program: AsyncClient, conf: Change) -> None:
    conf(max_prompt_chars=10)
    assert refusal(await post(program, {"message": "x" * 11})) == (413, "prompt_too_long")


@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
async def test_it_takes_no_other_method(program: AsyncClient, method: str) -> None:
    assert (await getattr(program, method)(SEND)).status_code == 405


async def test_it_rejects_a_wrong_choice_of_events(program: AsyncClient) -> None:
    response = await program.post(SEND + "?events=x", data='{"message": "Hi"}', content_type="application/json")
    assert refusal(response) == (400, "invalid_request") and await db_work(Generation.objects.count) == 0


# --- resuming


async def test_the_events_of_a_generation_are_named(program: AsyncClient, owner: User) -> None:
    sent = await db_work(answered, owner, "a", "b")
    async with watching(worker=False):
        said = await all_of(await program.get(url_of(sent.generation)))
    assert [one["event"] for one in said] == ["started", "content", "content", "end"]
    assert "[DONE]" not in [one["data"] for one in said]


@pytest.mark.parametrize("after", range(1, 5))
async def test_it_resumes_after_any_cursor(program: AsyncClient, owner: User, after: int) -> None:
    sent = await db_work(answered, owner, "a", "b", "c")
    cursor = f"{sent.generation.public_id}.{after}"
    async with watching(worker=False):
        by_header = await all_of(await program.get(url_of(sent.generation), headers={"Last-Event-ID": cursor}))
        by_query = await all_of(await program.get(url_of(sent.generation) + f"?cursor={cursor}"))
        by_number = await all_of(await program.get(url_of(sent.generation) + f"?cursor={after}"))
    assert [event["seq"] for event in events(by_header)] == list(range(after + 1, 6))
    assert by_header == by_query == by_number


async def test_the_header_wins(program: AsyncClient, owner: User) -> None:
    sent = await db_work(answered, owner, "a", "b", "c")
    url = url_of(sent.generation) + f"?cursor={sent.generation.public_id}.1"
    async with watching(worker=False):
        said = await all_of(await program.get(url, headers={"Last-Event-ID": f"{sent.generation.public_id}.4"}))
    assert [event["seq"] for event in events(said)] == [5]


async def test_at_the_end_there_is_no_content(program: AsyncClient, owner: User) -> None:
    sent = await db_work(answered, owner, "a")
    response = await program.get(url_of(sent.generation) + "?cursor=3")
    assert response.status_code == 204 and not response.content


@pytest.mark.parametrize("cursor", ["x", "-1", "1.1", f"{'y' * 22}.1", "1 OR 1=1", "9" * 40, "6", "%00"])
async def test_it_rejects_a_cursor_that_cannot_be(program: AsyncClient, owner: User, cursor: str) -> None:
    sent = await db_work(answered, owner, "a", "b", "c")
    assert refusal(await program.get(url_of(sent.generation) + f"?cursor={cursor}")) == (400, "invalid_request")


async def test_a_pruned_log_is_text_and_end(program: AsyncClient, owner: User) -> None:
    sent = await db_work(answered, owner, "a", "b", "c")
    await db_work(EventRow.objects.all().delete)
    async with watching(worker=False):
        for url in (url_of(sent.generation), url_of(sent.generation) + "?cursor=2"):
            found = events(await all_of(await program.get(url)))
            assert [(event["type"], event["seq"]) for event in found] == [("replace", 4), ("end", 5)]
            assert {name: found[0][name] for name in ("content", "thinking")} == encode(Replace("abc", ""))
        found = events(await all_of(await program.get(url_of(sent.generation) + "?cursor=4")))
    assert [event["type"] for event in found] == ["end"]
    assert (await program.get(url_of(sent.generation) + "?cursor=5")).status_code == 204


async def test_the_pruned_log_of_one_that_never_began(program: AsyncClient, owner: User) -> None:
    sent = await asay(owner)
    await program.post(url_of(sent.generation, "stop"))
    await db_work(EventRow.objects.all().delete)
    async with watching(worker=False):
        found = events(await all_of(await program.get(url_of(sent.generation))))
    assert [(event["type"], event["seq"], event["state"]) for event in found] == [("end", 1, "stopped")]


async def test_a_log_longer_than_a_page(program: AsyncClient, owner: User) -> None:
    sent = await db_work(answered, owner, *["x"] * 1_200)
    async with watching(worker=False):
        found = events(await all_of(await program.get(url_of(sent.generation))))
    assert [event["seq"] for event in found] == list(range(1, 1_203))


async def test_it_joins_in_the_middle_and_sees_the_end(
    program: AsyncClient, owner: User, model_server: OllamaSim
) -> None:
    model_server.script(reply("one ", Wait("go"), "two"))
    async with watching():
        sent = await asay(owner)
        await has_text(sent, "one ")
        text = ""
        async with reading(await program.get(url_of(sent.generation))) as parts:
            async for said in said_in(parts):
                text += json.loads(said["data"]).get("chunk", "")
                if text == "one ":
                    model_server.open("go")
    assert text == "one two"


async def test_many_read_the_same(program: AsyncClient, owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("one ", Wait("go"), "two"))
    async with watching() as hub:
        sent = await asay(owner)
        await has_text(sent, "one ")
        several = [await program.get(url_of(sent.generation)) for _ in range(3)]
        model_server.open("go")
        read = [await all_of(response) for response in several]
        assert read[0] == read[1] == read[2] and hub.count(("generation", sent.generation.pk)) == 0


async def test_leaving_is_not_stopping(program: AsyncClient, owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("one ", Wait("go"), "two"))
    async with watching() as hub:
        sent = await asay(owner)
        async with reading(await program.get(url_of(sent.generation))) as parts:
            while "one" not in (await anext(parts)).decode():
                pass
        assert hub.count(("generation", sent.generation.pk)) == 0
        model_server.open("go")
        assert (await ended(sent)).message.content == "one two"


async def test_stop(program: AsyncClient, owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("so far", Hang()))
    async with watching():
        sent = await asay(owner)
        await has_text(sent, "so far")
        response = await program.post(url_of(sent.generation, "stop"))
        assert response.status_code == 202 and (await ended(sent)).state == "stopped"
        assert (await program.post(url_of(sent.generation, "stop"))).status_code == 202
    assert (await program.get(url_of(sent.generation, "stop"))).status_code == 405


async def test_silence_is_filled_with_comments(program: AsyncClient, owner: User, conf: Change) -> None:
    conf(heartbeat_s=0.02)
    sent = await asay(owner)
    async with watching(worker=False), reading(await program.get(url_of(sent.generation))) as parts:
        assert [await anext(parts) for _ in range(4)] == [b":\n\n"] * 4


async def test_a_server_that_stops_ends_its_streams(program: AsyncClient, owner: User) -> None:
    sent = await asay(owner)
    async with watching(worker=False) as hub, reading(await program.get(url_of(sent.generation))) as parts:
        await anext(parts)
        hub.drain()
        assert [part async for part in parts] == []
    assert (await db_work(fresh, sent.generation)).state == "queued"


async def test_a_continued_answer_begins_with_its_text(
    program: AsyncClient, owner: User, model_server: OllamaSim
) -> None:
    sent = await db_work(answered, owner, "Once upon a time there was ", outcome=STOPPED)
    generation = await db_work(continue_answer, answer=sent.answer)
    model_server.script(reply("a table."))
    async with watching():
        found = events(await all_of(await program.get(url_of(generation))))
    assert (found[0]["type"], found[0]["content"]) == ("replace", "Once upon a time there was ")
    assert "".join(event["chunk"] for event in found if event["type"] == Content.type) == "a table."
