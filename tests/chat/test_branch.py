"""What a chat shows: its branch in reading order, at the same number of queries however long it is."""

from __future__ import annotations

import pytest

from accounts.models import User
from chat.actions.again import retry
from chat.events.answer import AnswerView, PromptView
from chat.events.append import Outcome
from chat.events.types import Content, Started
from chat.models import ChatSession, Message
from chat.queries.branch import branch, branch_messages
from chat.queries.history import after_message, newer_generations, newest_generation_id
from chat.queries.queue import places
from tests.road import answered, claim, plenty, say, write  # noqa: F401 - a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plenty")]


def texts(chat: ChatSession) -> list[str]:
    return [view.content for view in branch(ChatSession.objects.get(pk=chat.pk))]


def long_chat(user: User, turns: int) -> ChatSession:
    chat = answered(user, "answer 0").chat_session
    for turn in range(1, turns):
        answered(user, f"answer {turn}", chat=chat)
    return chat


def test_it_works(owner: User) -> None:
    chat = answered(owner, "Hello").chat_session
    answered(owner, "Hello again", chat=chat)
    views = branch(ChatSession.objects.get())
    assert [type(view) for view in views] == [PromptView, AnswerView] * 2
    assert texts(chat) == ["Hi", "Hello", "Hi", "Hello again"]


def test_a_new_chat_shows_nothing(owner: User) -> None:
    sent = say(owner)
    ChatSession.objects.update(leaf=None)
    assert texts(sent.chat_session) == []


def test_open_answers_come_with_their_cursor(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    write(sent, Started(1, "sim", "o"), Content("so "), Content("far"))
    view = branch(ChatSession.objects.get())[1]
    assert isinstance(view, AnswerView)
    assert (view.content, view.seq, view.state, view.generation_id) == (
        "so far",
        3,
        "running",
        sent.generation.public_id,
    )


def test_only_the_shown_branch(owner: User) -> None:
    sent = answered(owner, "Hello")
    Message.objects.create(chat_session=sent.chat_session, parent=sent.prompt, role="assistant", content="A sibling")
    assert texts(sent.chat_session) == ["Hi", "Hello"]


def test_system_messages_are_not_shown(owner: User) -> None:
    sent = answered(owner, "Hello")
    system = Message.objects.create(chat_session=sent.chat_session, role="system", content="Be kind.")
    Message.objects.filter(pk=sent.prompt.pk).update(parent=system)
    assert texts(sent.chat_session) == ["Hi", "Hello"]
    assert branch_messages(ChatSession.objects.get())[0] == system


def test_an_answer_shows_its_newest_generation(owner: User) -> None:
    sent = answered(owner, outcome=Outcome("failed", "error", "model_failed", "It broke."))
    generation = retry(answer=sent.answer)
    view = branch(ChatSession.objects.get())[1]
    assert isinstance(view, AnswerView) and view.generation_id == generation.public_id and view.state == "queued"


@pytest.mark.parametrize("turns", [1, 50])
def test_a_long_chat_costs_no_more_queries(owner: User, turns: int, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    chat = ChatSession.objects.get(pk=long_chat(owner, turns).pk)
    with django_assert_num_queries(2):  # messages, generations
        assert len(branch(chat)) == 2 * turns


def test_each_waiting_viewer_sees_its_place(owner: User, outsider: User) -> None:
    first, second, third = say(owner), say(owner), say(outsider)
    ids = [sent.generation.pk for sent in (first, second, third)]
    assert places(ids) == {ids[0]: 0, ids[2]: 1, ids[1]: 2}
    claim(first)
    assert places(ids) == {ids[2]: 0, ids[1]: 1}
    assert places([]) == {}


def test_what_came_after_a_message(owner: User) -> None:
    chat = long_chat(owner, 3)
    messages = branch_messages(ChatSession.objects.get(pk=chat.pk))
    assert list(after_message(messages, messages[3].public_id)) == messages[4:]
    assert list(after_message(messages, messages[-1].public_id)) == []
    assert list(after_message(messages, "unknown")) == messages


def test_the_generations_newer_than_known(owner: User, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    chat, other = long_chat(owner, 3), long_chat(owner, 1)
    ids = list(chat.generations.order_by("id").values_list("id", flat=True))
    known = {chat.pk: ids[0], other.pk: newest_generation_id(other)}
    with django_assert_num_queries(1):
        assert newer_generations(known) == ids[1:]
    assert newest_generation_id(chat) == ids[-1] and newer_generations({}) == []
