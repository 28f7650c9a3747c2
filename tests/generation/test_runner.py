"""One generation from claim to end, against a simulated Ollama over real HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from chat.actions.again import continue_answer, retry
from chat.actions.stop import stop_generation
from chat.events import types as t
from chat.generation.continuation import PROBE_CHARS
from chat.models import Generation
from chat.models.work import db_work
from tests.ollama_sim import (
    CleanEnd,
    Cut,
    Finish,
    Hang,
    Head,
    OllamaSim,
    Problem,
    Raw,
    Text,
    Wait,
    Words,
    page,
    refuse,
    reply,
)
from tests.road import (
    STOPPED,
    answered,
    asay,
    claim,
    ended,
    expire,
    fresh,
    has_text,
    log,
    running_worker,
    text_of,
    types,
    until,
    write,
)

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[..., None]


async def events_of(generation: Generation) -> list[t.Event]:
    return await db_work(log, generation)


async def payloads_of(generation: Generation, kind: type) -> list[t.Payload]:
    return [event.payload for event in await events_of(generation) if isinstance(event.payload, kind)]


async def assert_well_formed(generation: Generation) -> None:
    """Numbers without gaps, one end, nothing after it, and the message is the fold."""
    events = await events_of(generation)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.is_end for event in events] == [False] * (len(events) - 1) + [True]


async def answer_to(user: User, text: str = "Hi", model: str = "sim") -> Generation:
    """Send a prompt, let a worker answer it, return the ended generation."""
    sent = await asay(user, text, model=model)
    async with running_worker():
        row = await ended(sent)
    await assert_well_formed(row)
    return row


async def test_it_works(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("Hel", "lo"))
    row = await answer_to(owner)
    assert (row.state, row.finish_reason, row.message.content) == ("completed", "stop", "Hello")
    assert (row.model_digest, row.server) == (model_server.models["sim:latest"].digest, "ollama")
    assert row.prompt_tokens and row.completion_tokens and row.context_used == row.prompt_tokens + row.completion_tokens
    events = await db_work(types, row)
    assert events[0] == "started" and events[-1] == "end" and "usage" in events
    phases = [phase.phase for phase in await payloads_of(row, t.Phase)]
    assert phases[0] == "loading" and phases[-1] == "writing"


async def test_the_prompt_is_the_branch(owner: User, model_server: OllamaSim) -> None:
    first = await db_work(answered, owner, "Hello")
    sent = await asay(owner, "And you?", chat=first.chat_session)
    async with running_worker():
        await ended(sent)
    said = [(m["role"], m["content"]) for m in model_server.chats[0]["messages"]]
    assert said == [("user", "Hi"), ("assistant", "Hello"), ("user", "And you?")]


async def test_thinking_comes_before_the_answer(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply(Text(thinking="hm"), Text(thinking="m"), "Yes"))
    row = await answer_to(owner, model="sim-thinker")
    assert (row.message.thinking, row.message.content) == ("hmm", "Yes") and row.message.thinking_s is not None
    assert [p.phase for p in await payloads_of(row, t.Phase)][-2:] == ["thinking", "writing"]


async def test_a_loaded_model_is_not_said_to_load(owner: User, model_server: OllamaSim) -> None:
    await answer_to(owner)
    row = await answer_to(owner, "Again")
    assert [p.phase for p in await payloads_of(row, t.Phase)] == ["reading", "writing"]


async def test_without_a_chosen_model_the_servers_first_is_taken(owner: User, model_server: OllamaSim) -> None:
    row = await answer_to(owner, model="")
    assert row.model == "sim:latest" and row.state == "completed"
    (started,) = await payloads_of(row, t.Started)
    assert started.model == "sim:latest"


async def test_a_server_without_models(owner: User, model_server: OllamaSim) -> None:
    model_server.models.clear()
    row = await answer_to(owner, model="")
    assert (row.state, row.error_code) == ("failed", "model_not_found") and "no model yet" in row.error_text


# --- retries


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_before_the_first_delta_it_is_tried_again(owner: User, model_server: OllamaSim, status: int) -> None:
    model_server.script(refuse(status, "try again"), reply("Hello"))
    row = await answer_to(owner)
    assert (row.state, row.message.content, row.retries) == ("completed", "Hello", 1)
    (again,) = await payloads_of(row, t.Retry)
    assert again.attempt == 1 and again.code in ("server_busy", "server_error") and 0 <= again.wait_s <= 0.5


async def test_also_when_the_server_does_not_even_list_its_models(owner: User, model_server: OllamaSim) -> None:
    model_server.script(refuse(503, "starting"), path="/api/tags")
    row = await answer_to(owner)
    assert row.state == "completed" and [again.attempt for again in await payloads_of(row, t.Retry)] == [1]


async def test_after_a_retry_it_says_again_what_it_is_doing(owner: User, model_server: OllamaSim) -> None:
    model_server.script(refuse(503, "busy"), reply(Wait("read"), "Hello"))
    sent = await asay(owner)
    async with running_worker():
        await model_server.wait_for(lambda sim: sim.gate("read").waiting == 1)
        await until(lambda: types(sent.generation)[-2:] == ["retry", "phase"])
        model_server.open("read")
        await ended(sent)


async def test_attempts_have_an_end(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(max_attempts=2)
    model_server.script(*[refuse(503, "busy")] * 5)
    row = await answer_to(owner)
    assert (row.state, row.error_code, row.retries) == ("failed", "server_busy", 1)
    assert len(model_server.chats) == 2


async def test_nobody_there(owner: User, conf: Change) -> None:
    conf(ollama_host="http://127.0.0.1:9", max_attempts=2)
    row = await answer_to(owner)
    assert (row.state, row.error_code) == ("failed", "server_unreachable") and "127.0.0.1" not in row.error_text


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_what_will_not_change_is_not_tried_again(owner: User, model_server: OllamaSim, status: int) -> None:
    model_server.script(refuse(status, "no"), reply("never"))
    row = await answer_to(owner)
    assert row.state == "failed" and len(model_server.chats) == 1 and row.retries == 0
    assert row.error_code and row.error_text


async def test_after_the_first_delta_it_is_not_tried_again(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("Half of ", Cut(reset=True)), reply("never"))
    row = await answer_to(owner)
    assert (row.state, row.error_code, row.message.content) == ("failed", "interrupted", "Half of ")
    assert row.retries == 0 and len(model_server.chats) == 1


# --- every way to fail

FAULTS = {
    "no end": (reply("Half", CleanEnd()), "interrupted"),
    "FIN": (reply("Half", Cut()), "interrupted"),
    "RST": (reply("Half", Cut(reset=True)), "interrupted"),
    "error line": (reply("Half", Problem("it broke")), "model_failed"),
    "garbage": (reply("Half", Raw(b"not json\n")), "garbled"),
    "not an object": (reply("Half", Raw(b"[1]\n")), "garbled"),
    "half a line": (reply("Half", Raw(b'{"message": {"con'), CleanEnd()), "interrupted"),
    "silence": (reply("Half", Hang()), "model_stalled"),
    "NUL in the error": (reply("Half", Raw(b'{"error": "bad \\u0000 \\ud800 thing"}\n'), CleanEnd()), "model_failed"),
}


@pytest.mark.parametrize(("item", "code"), FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_is_typed_shown_and_keeps_the_text(
    owner: User, model_server: OllamaSim, conf: Change, item, code: str
) -> None:  # type: ignore[no-untyped-def]
    conf(idle_timeout_s=0.2)
    model_server.script(item)
    row = await answer_to(owner)
    assert (row.state, row.finish_reason, row.error_code) == ("failed", "error", code)
    assert row.message.content == "Half" and row.error_text
    (error,) = await payloads_of(row, t.Error)
    assert (error.code, error.error) == (code, row.error_text)


FAULTS_AT_ONCE = {
    "a page": (page(200, "<html>Welcome</html>"), "garbled"),
    "a page with 502": (page(502, "<html>Bad gateway</html>"), "server_error"),
    "unknown model": (refuse(404, "model 'sim' not found"), "model_not_found"),
    "unauthorized": (refuse(401, "unauthorized"), "model_unauthorized"),
    "too many": (refuse(429, "slow down"), "model_rate_limited"),
    "cannot chat": (refuse(400, '"sim" does not support chat'), "feature_unsupported"),
    "nothing at all": (reply(), "empty_answer"),
    "nothing but thoughts": (reply(Text(thinking="hm")), "empty_answer"),
    "an error before the first word": (reply(Head(), Problem("it broke")), "model_failed"),
}


@pytest.mark.parametrize(("item", "code"), FAULTS_AT_ONCE.values(), ids=FAULTS_AT_ONCE.keys())
async def test_a_fault_before_the_first_word(
    owner: User, model_server: OllamaSim, conf: Change, item, code: str
) -> None:  # type: ignore[no-untyped-def]
    conf(max_attempts=1)
    model_server.script(item)
    row = await answer_to(owner)
    assert (row.state, row.error_code, row.message.content) == ("failed", code, "")
    assert "<html>" not in row.error_text


async def test_a_missing_reason_is_an_end(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("Hello", Finish(reason=None, metrics=False)))
    row = await answer_to(owner)
    assert (row.state, row.finish_reason, row.prompt_tokens, row.completion_tokens) == ("completed", "stop", None, 1)


# --- length


async def test_cut_by_the_model(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("Once upon ", Finish("length")))
    row = await answer_to(owner)
    assert (row.state, row.finish_reason, row.message.content) == ("completed", "length", "Once upon ")


async def test_cut_by_us(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(max_response_chars=30)
    model_server.script(reply("x" * 25, "y" * 25, Hang()))
    row = await answer_to(owner)
    assert (row.state, row.finish_reason, row.message.content) == ("completed", "length", "x" * 25 + "y" * 5)
    await model_server.wait_for(lambda sim: sim.cancelled == 1)


async def test_continue_gives_as_much_again(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(max_response_chars=30)
    model_server.script(reply("x" * 40), reply("z" * 40))
    first = await answer_to(owner)
    generation = await db_work(continue_answer, answer=first.message)
    async with running_worker():
        row = await until(lambda: None if fresh(generation).is_open else fresh(generation))
    assert row.message.content == "x" * 30 + "z" * 30 and row.finish_reason == "length"


async def test_endless_thoughts_are_cut(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(max_response_chars=50)
    model_server.script(reply(*[Text(thinking="hm " * 10)] * 3, Hang()))
    row = await answer_to(owner, model="sim-thinker")
    assert (row.state, row.finish_reason, len(row.message.thinking)) == ("completed", "length", 60)


# --- what no database takes


async def test_text_is_stored_as_far_as_it_can_be(owner: User, model_server: OllamaSim) -> None:
    lines = [b'{"message": {"role": "assistant", "content": "a\\u0000b"}, "done": false}\n']
    lines += [b'{"message": {"role": "assistant", "content": "c\\ud800d"}, "done": false}\n']
    model_server.script(reply(*map(Raw, lines), "👍 e"))
    row = await answer_to(owner)
    assert row.state == "completed" and row.message.content in ("abc?d👍 e", "abc\ufffdd👍 e")


# --- stopping


async def stopped(sent, model_server: OllamaSim) -> Generation:  # type: ignore[no-untyped-def]
    await db_work(stop_generation, generation=sent.generation)
    row = await ended(sent)
    assert (row.state, row.finish_reason) == ("stopped", "stopped")
    await assert_well_formed(row)
    return row


async def test_stop_while_queued(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("first", Hang()))
    first = await asay(owner)
    async with running_worker():
        await has_text(first, "first")
        waiting = await asay(owner)
        await stopped(waiting, model_server)
        await stopped(first, model_server)
    assert len(model_server.chats) == 1


async def test_stop_while_loading(owner: User, model_server: OllamaSim) -> None:
    model_server.gate("load")
    sent = await asay(owner)
    async with running_worker():
        await model_server.wait_for(lambda sim: sim.gate("load").waiting == 1)
        row = await stopped(sent, model_server)
        await model_server.wait_for(lambda sim: sim.cancelled == 1)
    assert row.message.content == ""


async def test_stop_while_reading(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply(Wait("never"), "Hello"))
    sent = await asay(owner)
    async with running_worker():
        await model_server.wait_for(lambda sim: sim.gate("never").waiting == 1)
        await stopped(sent, model_server)
        await model_server.wait_for(lambda sim: sim.cancelled == 1 and sim.slots_used == 0)


async def test_stop_while_writing(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("so far", Hang()))
    sent = await asay(owner)
    async with running_worker():
        await has_text(sent, "so far")
        row = await stopped(sent, model_server)
        await model_server.wait_for(lambda sim: sim.cancelled == 1 and sim.slots_used == 0)
    assert row.message.content == "so far" and row.completion_tokens == 1


async def test_stop_while_waiting_to_try_again(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(max_attempts=50)
    model_server.script(*[refuse(503, "busy")] * 100)
    sent = await asay(owner)
    async with running_worker():
        await until(lambda: "retry" in types(sent.generation))
        row = await stopped(sent, model_server)
    assert row.message.content == "" and row.error_code == ""


async def test_stopping_again_and_again_is_harmless(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("so far", Hang()), reply("next"))
    sent = await asay(owner)
    async with running_worker():
        await has_text(sent, "so far")
        for _ in range(5):
            await db_work(stop_generation, generation=sent.generation)
        await ended(sent)
        await db_work(stop_generation, generation=sent.generation)
        following = await asay(owner, "Still there?")
        assert (await ended(following)).state == "completed"


async def test_a_stop_that_meets_the_end(owner: User, model_server: OllamaSim) -> None:
    """The worker survives stops that come just when answers end."""
    async with running_worker():
        for number in range(8):
            sent = await asay(owner, f"repeat: {number}")
            await until(lambda sent=sent: text_of(sent.generation))  # type: ignore[misc]
            await db_work(stop_generation, generation=sent.generation)
            row = await ended(sent)
            assert row.state in ("completed", "stopped") and row.message.content == str(number)


async def test_the_next_prompt_of_the_chat_goes_on_after_a_stop(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("one", Hang()), reply("two"))
    first = await asay(owner)
    async with running_worker():
        await has_text(first, "one")
        second = await asay(owner, "2", chat=first.chat_session)
        await stopped(first, model_server)
        assert (await ended(second)).message.content == "two"


# --- going on

LONG = "Once upon a time there was a table in a kitchen, "


async def left_behind(user: User, *payloads: t.Payload):  # type: ignore[no-untyped-def]
    """Return a prompt whose worker has died after these payloads."""
    sent = await asay(user)

    def die() -> None:
        found = claim(sent)
        write(sent, t.Started(1, "sim", "ollama"), *payloads, epoch=found.epoch)
        expire(sent.generation)

    await db_work(die)
    return sent


@pytest.mark.parametrize("prefill", ["goes on", "starts over"])
async def test_a_recovered_claim_goes_on(owner: User, model_server: OllamaSim, prefill: str) -> None:
    new = "and nobody sat at it."
    model_server.script(reply(Words(new if prefill == "goes on" else LONG + new)))
    sent = await left_behind(owner, t.Content(LONG))
    async with running_worker():
        row = await ended(sent)
    await assert_well_formed(row)
    assert (row.state, row.message.content, row.recoveries, row.epoch) == ("completed", LONG + new, 1, 2)
    assert model_server.chats[0]["messages"][-1] == {"role": "assistant", "content": LONG}
    assert (await db_work(types, row)).count("started") == 1 and await payloads_of(row, t.Replace) == []


async def test_a_short_beginning_is_written_anew(owner: User, model_server: OllamaSim) -> None:
    short = "Once"
    assert len(short) < PROBE_CHARS
    model_server.script(reply("Once ", "upon a time"))
    sent = await left_behind(owner, t.Thinking("hm"), t.Content(short))
    async with running_worker():
        row = await ended(sent)
    assert (row.message.content, row.message.thinking) == ("Once upon a time", "")
    assert await payloads_of(row, t.Replace) == [t.Replace("", "")]


async def test_thoughts_alone_are_thought_anew(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply(Text(thinking="new"), "Yes"))
    sent = await left_behind(owner, t.Thinking("old"))
    async with running_worker():
        row = await ended(sent)
    assert (row.message.thinking, row.message.content) == ("new", "Yes")


async def test_a_claim_that_died_before_its_first_event(owner: User, model_server: OllamaSim) -> None:
    sent = await asay(owner)
    await db_work(claim, sent)
    await db_work(expire, sent.generation)
    async with running_worker():
        row = await ended(sent)
    assert row.state == "completed" and (await db_work(types, row))[0] == "started" and row.recoveries == 0


async def test_a_recovered_answer_keeps_to_its_limit(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(max_response_chars=len(LONG) + 5)
    model_server.script(reply("z" * 50))
    sent = await left_behind(owner, t.Content(LONG))
    async with running_worker():
        assert (await ended(sent)).message.content == LONG + "z" * 5


async def test_continue_goes_on_in_the_same_message(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply("and nobody sat at it."))
    sent = await db_work(answered, owner, LONG, outcome=STOPPED)
    generation = await db_work(continue_answer, answer=sent.answer)
    async with running_worker():
        row = await until(lambda: None if fresh(generation).is_open else fresh(generation))
    await assert_well_formed(row)
    assert row.message_id == sent.answer.pk and row.message.content == LONG + "and nobody sat at it."
    assert (row.state, row.recoveries) == ("completed", 0)


async def test_a_failed_continue_keeps_the_text(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(max_attempts=1)
    model_server.script(refuse(503, "busy"))
    sent = await db_work(answered, owner, LONG, outcome=STOPPED)
    generation = await db_work(continue_answer, answer=sent.answer)
    async with running_worker():
        row = await until(lambda: None if fresh(generation).is_open else fresh(generation))
    assert (row.state, row.message.content) == ("failed", LONG)


async def test_a_retry_replaces_the_text_with_its_first_word(owner: User, model_server: OllamaSim) -> None:
    model_server.script(reply(Wait("read"), "New"))
    sent = await db_work(answered, owner, LONG, outcome=STOPPED)
    generation = await db_work(retry, answer=sent.answer)
    async with running_worker():
        await model_server.wait_for(lambda sim: sim.gate("read").waiting == 1)
        assert [p.content for p in await payloads_of(generation, t.Replace)] == [LONG]
        model_server.open("read")
        row = await until(lambda: None if fresh(generation).is_open else fresh(generation))
    assert row.message.content == "New"
    assert model_server.chats[0]["messages"] == [{"role": "user", "content": "Hi"}]


async def test_a_retry_that_fails_keeps_the_text(owner: User, model_server: OllamaSim, conf: Change) -> None:
    conf(max_attempts=1)
    model_server.script(refuse(503, "busy"))
    sent = await db_work(answered, owner, LONG, outcome=STOPPED)
    generation = await db_work(retry, answer=sent.answer)
    async with running_worker():
        row = await until(lambda: None if fresh(generation).is_open else fresh(generation))
    assert (row.state, row.message.content) == ("failed", LONG)


async def test_poison_ends(owner: User, model_server: OllamaSim) -> None:
    sent = await left_behind(owner, t.Content(LONG))

    def die_again() -> None:
        for _ in range(3):
            claim(sent)
            expire(sent.generation)

    await db_work(die_again)
    async with running_worker():
        row = await ended(sent)
    await assert_well_formed(row)
    assert (row.state, row.error_code, row.message.content) == ("failed", "interrupted", LONG)
    assert model_server.chats == []


# --- a prompt larger than the window


async def test_the_oldest_turns_are_left_out_and_told(owner: User, model_server: OllamaSim) -> None:
    chat = None
    for _ in range(6):
        chat = (await db_work(answered, owner, "x" * 6_000, chat=chat)).chat_session
    sent = await asay(owner, "Now?", chat=chat, model="sim-vision")
    async with running_worker():
        row = await ended(sent)
    asked = model_server.chats[-1]["messages"]
    told = [phase.text for phase in await payloads_of(row, t.Phase) if "without its first" in phase.text]
    assert row.state == "completed" and asked[-1]["content"] == "Now?" and asked[0]["role"] == "user"
    assert f"without its first {13 - len(asked)} messages" in told[-1]


async def test_a_question_larger_than_the_window_is_refused_in_words(owner: User, model_server: OllamaSim) -> None:
    model_server.overflow = "reject"
    row = await answer_to(owner, "x" * 60_000)
    assert (row.state, row.error_code) == ("failed", "context_exceeded") and "Start a new chat" in row.error_text
