"""Sending: three rows in one transaction, or none at all."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from chat.actions.send import KEY_CHARS, TITLE_CHARS, send_prompt
from chat.errors import InvalidRequest, PromptTooLong, SmailError
from chat.models import ChatSession, Generation, Message
from tests.road import answered

pytestmark = pytest.mark.django_db


def send(user: User, text: str = "Hi", key: str = "key", **more: object):  # type: ignore[no-untyped-def]
    return send_prompt(user=user, chat_session=more.pop("chat", None), text=text, key=key, **more)  # type: ignore[arg-type]


def assert_nothing_stored() -> None:
    assert (ChatSession.objects.count(), Message.objects.count(), Generation.objects.count()) == (0, 0, 0)


def test_it_works(owner: User) -> None:
    sent = send(owner, "What is up?", model="sim")
    assert sent.created
    assert (sent.prompt.role, sent.prompt.content, sent.prompt.sender) == ("user", "What is up?", owner)
    assert (sent.answer.role, sent.answer.parent, sent.answer.content) == ("assistant", sent.prompt, "")
    generation = sent.generation
    assert (generation.state, generation.epoch, generation.model, generation.kind) == ("queued", 0, "sim", "answer")
    assert sent.chat_session.user == owner and sent.chat_session.leaf == sent.answer


def test_a_new_chat_is_named_after_its_first_words(owner: User) -> None:
    assert send(owner, "  What\n is   up? ").chat_session.title == "What is up?"
    long = send(owner, "word " * 50, "key 2").chat_session
    assert len(long.title) <= TITLE_CHARS and long.title.endswith("word…") and long.title_source == "wanted"


def test_the_next_prompt_follows_the_answer(owner: User) -> None:
    first = answered(owner, "Hello")
    second = send(owner, chat=first.chat_session)
    assert second.prompt.parent == first.answer and second.chat_session == first.chat_session
    first.chat_session.refresh_from_db()
    assert first.chat_session.leaf == second.answer


def test_the_next_prompt_may_be_sent_before_the_answer(owner: User) -> None:
    first = send(owner)
    second = send(owner, "And?", "key 2", chat=first.chat_session)
    assert second.prompt.parent == first.answer and second.generation.state == "queued"


def test_the_chat_keeps_its_model_until_another_is_chosen(owner: User) -> None:
    chat = send(owner, model="a").chat_session
    assert send(owner, "2", "key 2", chat=chat).generation.model == "a"
    assert send(owner, "3", "key 3", chat=chat, model="b").generation.model == "b"
    assert send(owner, "4", "key 4", chat=chat).generation.model == "b"


def test_it_touches_the_chat(owner: User) -> None:
    chat = send(owner).chat_session
    before = chat.touched_at
    send(owner, "2", "key 2", chat=chat)
    chat.refresh_from_db()
    assert chat.touched_at > before


@pytest.mark.parametrize(
    ("text", "stored"),
    [("a\x00b", "ab"), (" a \n", "a"), ("a\r\nb", "a\nb"), ("a\ud800b", "a?b"), ("日本 👍", "日本 👍")],
)
def test_the_text_is_kept_as_far_as_it_can_be_stored(owner: User, text: str, stored: str) -> None:
    sent = send(owner, text)
    assert Message.objects.get(pk=sent.prompt.pk).content == stored


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\x00"])
def test_it_rejects_an_empty_text(owner: User, text: str) -> None:
    with pytest.raises(InvalidRequest):
        send(owner, text)
    assert_nothing_stored()


@pytest.mark.parametrize("key", ["", "k" * (KEY_CHARS + 1), "a\x00", "a\ud800", "a\nb"])
def test_it_requires_a_key_that_can_be_stored(owner: User, key: str) -> None:
    with pytest.raises(InvalidRequest):
        send(owner, key=key)
    assert_nothing_stored()


def test_it_rejects_a_text_over_the_limit(owner: User, settings: Settings) -> None:
    settings.SMAIL = replace(settings.SMAIL, max_prompt_chars=10)
    with pytest.raises(PromptTooLong, match="11 characters; 10 are allowed"):
        send(owner, "x" * 11)
    assert_nothing_stored()
    assert send(owner, "x" * 10).created


def test_it_rejects_one_message_more_than_a_chat_holds(owner: User, settings: Settings) -> None:
    settings.SMAIL = replace(settings.SMAIL, max_history_messages=4)
    chat = send(owner).chat_session
    send(owner, "2", "key 2", chat=chat)
    with pytest.raises(InvalidRequest, match="Start a new one"):
        send(owner, "3", "key 3", chat=chat)
    assert Message.objects.count() == 4


@pytest.mark.parametrize("model", ["m" * 201, "a\x00", "a\ud800"])
def test_it_rejects_a_model_name_that_cannot_be_stored(owner: User, model: str) -> None:
    with pytest.raises(InvalidRequest):
        send(owner, model=model)
    assert_nothing_stored()


DEEP: dict[str, object] = {}
for _ in range(5_000):
    DEEP = {"d": DEEP}


@pytest.mark.parametrize(
    "options",
    [{"stop": ["x" * 5_000]}, {"temperature": math.nan}, {"a": "\x00"}, {"a": "\ud800"}, {"a": {1, 2}}, DEEP],
    ids=["long", "NaN", "NUL", "surrogate", "set", "deep"],
)
def test_it_rejects_options_that_cannot_be_stored(owner: User, options: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        send(owner, options=options)
    assert_nothing_stored()


def test_options_are_kept(owner: User) -> None:
    options = {"temperature": 0.5, "stop": ["\n\n", "é"], "num_ctx": 8192}
    sent = send(owner, options=options)
    assert Generation.objects.get(pk=sent.generation.pk).options == options


def test_every_refusal_says_why(owner: User) -> None:
    with pytest.raises(SmailError) as refusal:
        send(owner, "")
    assert refusal.value.text.startswith("There is nothing to send")
