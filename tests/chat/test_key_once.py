"""The same key is the same prompt, for ever and for everybody who sends at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import User
from chat.actions.send import Sent
from chat.errors import Conflict
from chat.models import ChatSession, Generation, Message
from tests.road import answered, say

pytestmark = pytest.mark.django_db


def rows(sent: Sent) -> tuple[int, int, int, int]:
    return sent.chat_session.pk, sent.prompt.pk, sent.answer.pk, sent.generation.pk


def test_it_works(owner: User) -> None:
    first, second = say(owner, "Hi", key="k"), say(owner, "Hi", key="k")
    assert rows(first) == rows(second) and (first.created, second.created) == (True, False)


def test_whatever_else_is_said_the_first_time_counts(owner: User) -> None:
    first = say(owner, "Hi", key="k")
    other_chat = say(owner).chat_session
    again = say(owner, "Something else", chat=other_chat, model="other", key="k")
    assert rows(again) == rows(first) and again.prompt.content == "Hi" and again.generation.model == "sim"


def test_also_after_the_end(owner: User) -> None:
    sent = answered(owner, "Hello")
    again = say(owner, key=sent.prompt.key)
    assert rows(again) == rows(sent) and again.generation.state == "completed"


def test_another_user_may_use_the_same_key(owner: User, outsider: User) -> None:
    assert rows(say(owner, key="k")) != rows(say(outsider, key="k"))


def test_a_key_whose_answer_is_gone_is_not_used_again(owner: User) -> None:
    say(owner, key="k").answer.delete()
    with pytest.raises(Conflict):
        say(owner, key="k")


@pytest.mark.django_db(transaction=True)
def test_at_once_it_is_one_prompt_and_one_generation(owner: User) -> None:
    together = threading.Barrier(6)

    def send(number: int) -> Sent:
        together.wait(timeout=30)
        try:
            return say(owner, f"text {number}", key="k")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        sents = list(pool.map(send, range(6)))
    assert len({rows(sent) for sent in sents}) == 1 and sum(sent.created for sent in sents) == 1
    assert (ChatSession.objects.count(), Message.objects.count(), Generation.objects.count()) == (1, 2, 1)
