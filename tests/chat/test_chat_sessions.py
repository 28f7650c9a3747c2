"""A chat as a whole: its name, its model, its end and its return."""

from __future__ import annotations

import pytest

from accounts.models import User
from chat.actions import sessions
from chat.errors import InvalidRequest, NotFound
from chat.models import ChatSession
from chat.queries import access
from chat.queries.sessions import chat_item, chat_list, touched_since
from tests.road import answered, claim, fresh, say

pytestmark = pytest.mark.django_db


def test_rename_works(owner: User) -> None:
    chat = say(owner).chat_session
    before = chat.touched_at
    sessions.rename(chat_session=chat, title="  Bread \n  for beginners ")
    assert (chat.title, chat.title_source) == ("Bread for beginners", "user") and chat.touched_at > before


@pytest.mark.parametrize("title", ["", "  \n", "x" * 121])
def test_rename_rejects_no_title_and_a_long_one(owner: User, title: str) -> None:
    chat = say(owner).chat_session
    with pytest.raises(InvalidRequest):
        sessions.rename(chat_session=chat, title=title)
    assert ChatSession.objects.get().title == "Hi"


@pytest.mark.parametrize("title", ["a\x00b", "a\ud800b"])
def test_rename_takes_only_what_can_be_stored(owner: User, title: str) -> None:
    chat = say(owner).chat_session
    sessions.rename(chat_session=chat, title=title)
    assert ChatSession.objects.get().title in ("ab", "a?b")


def test_a_deleted_chat_is_gone_and_comes_back(owner: User) -> None:
    chat = answered(owner, "Hello").chat_session
    sessions.delete(chat_session=chat)
    with pytest.raises(NotFound):
        access.chat_session_of(owner, chat.public_id)
    assert chat_list(owner) == []
    sessions.restore(chat_session=access.deleted_chat_session_of(owner, chat.public_id))
    assert access.chat_session_of(owner, chat.public_id) == chat and len(chat_list(owner)) == 1


def test_deleting_stops_its_answers(owner: User) -> None:
    running = say(owner)
    waiting = say(owner, chat=running.chat_session)
    claim(running)
    sessions.delete(chat_session=running.chat_session)
    assert fresh(waiting.generation).state == "stopped"
    assert fresh(running.generation).stop_requested_at is not None


def test_a_chat_that_is_there_cannot_be_restored(owner: User) -> None:
    with pytest.raises(NotFound):
        access.deleted_chat_session_of(owner, say(owner).chat_session.public_id)


def test_the_model_of_a_chat(owner: User) -> None:
    chat = say(owner).chat_session
    sessions.choose_model(chat_session=chat, model="other")
    assert say(owner, chat=chat, model="").generation.model == "other"


def test_the_list_shows_the_newest_first(owner: User, outsider: User) -> None:
    first, second = say(owner, "First").chat_session, say(owner, "Second").chat_session
    say(outsider, "Not theirs")
    assert [item.title for item in chat_list(owner)] == ["Second", "First"]
    sessions.rename(chat_session=first, title="First again")
    items = chat_list(owner)
    assert [item.title for item in items] == ["First again", "Second"] and items[1].id == second.public_id


def test_the_list_comes_in_pages(owner: User) -> None:
    for number in range(5):
        say(owner, str(number))
    first = chat_list(owner, limit=2)
    second = chat_list(owner, before=first[-1].touched_at, limit=2)
    assert [item.title for item in first + second] == ["4", "3", "2", "1"]


def test_the_list_says_who_is_writing(owner: User) -> None:
    done, writing = answered(owner, "Hello"), say(owner, "Writing")
    assert {item.title: item.writing for item in chat_list(owner)} == {"Writing": True, "Hi": False}
    assert chat_item(writing.chat_session).writing and not chat_item(done.chat_session).writing


def test_the_list_is_one_query(owner: User, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    for _ in range(10):
        say(owner)
    with django_assert_num_queries(1):
        assert len(chat_list(owner)) == 10


def test_changes_since_a_moment(owner: User, outsider: User) -> None:
    old = say(owner, "Old").chat_session
    since = ChatSession.objects.get().touched_at
    gone = say(owner, "Gone").chat_session
    sessions.delete(chat_session=gone)
    say(outsider, "Not asked for")
    (item,) = touched_since([owner.pk], since)[owner.pk]
    assert (item.id, item.deleted) == (gone.public_id, True) and old.public_id != item.id
