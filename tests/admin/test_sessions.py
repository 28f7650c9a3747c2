"""Chat sessions in admin."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from chat.models import ChatSession, Generation, Message
from tests.admin.conftest import chat, chats, grant

LIST = "/admin/chat/chatsession/"


def titles(browser: Client, **query: str) -> list[str]:
    return [str(row) for row in browser.get(LIST, query).context["cl"].result_list]


def queries(browser: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert browser.get(path).status_code == 200
    return len(captured)


def test_it_works(admin: Client, owner: User) -> None:
    generation = chat(owner, title="Sourdough", text="How do I bake bread?")
    assert titles(admin) == ["Sourdough"]
    page = admin.get(f"{LIST}{generation.chat_session.pk}/change/").content.decode()
    assert "How do I bake bread?" in page and "an answer" in page
    assert f"/admin/chat/generation/{generation.pk}/change/" in page


@pytest.mark.parametrize("words", ["sourdough", "owner", "owner@example", "BREAD"])
def test_it_finds(admin: Client, owner: User, staff: User, words: str) -> None:
    chat(owner, title="Sourdough", text="How do I bake bread?")
    chat(staff, title="Other", text="something else")
    assert titles(admin, q=words) == ["Sourdough"]


def test_it_finds_by_public_id(admin: Client, owner: User) -> None:
    found = chat(owner, title="Sourdough").chat_session
    chat(owner, title="Other")
    assert titles(admin, q=found.public_id) == ["Sourdough"]


@pytest.mark.parametrize(
    "query", [{"by_user": "OWNER"}, {"by_model": "qwen"}, {"by_state": "failed"}, {"by_error": "model_not_found"}]
)
def test_it_filters(admin: Client, owner: User, staff: User, query: dict[str, str]) -> None:
    chat(owner, title="Wanted", model="qwen", state="failed", error_code="model_not_found")
    chat(staff, title="Other")
    assert titles(admin, **query) == ["Wanted"]


def test_pages_follow_each_other_by_key(admin: Client, owner: User) -> None:
    chats(owner, 120)
    path, seen = LIST, []
    while path:
        response = admin.get(path)
        seen += [row.pk for row in response.context["cl"].result_list]
        link = re.search(r'href="(\?[^"]*)" rel="next"', response.content.decode())
        path = LIST + link[1].replace("&amp;", "&") if link else ""
    assert seen == list(ChatSession.objects.order_by("-pk").values_list("pk", flat=True))


def test_pages_keep_the_filters(admin: Client, owner: User) -> None:
    chats(owner, 60)
    page = admin.get(LIST, {"by_user": "owner"}).content.decode()
    assert re.search(r'href="\?after=\d+&amp;by_user=owner" rel="next"', page)


@pytest.mark.parametrize("after", ["", "x", "-1", "1" * 40])
def test_a_strange_place_is_the_first_page(admin: Client, owner: User, after: str) -> None:
    chat(owner, title="Only")
    assert titles(admin, after=after) == ["Only"]


def test_no_page_counts_or_skips(admin: Client, owner: User) -> None:
    chats(owner, 60)
    oldest = ChatSession.objects.order_by("pk").values_list("pk", flat=True)[10]
    with CaptureQueriesContext(connection) as captured:
        admin.get(LIST, {"after": oldest})
    statements = " ".join(query["sql"].upper() for query in captured)
    assert " OFFSET " not in statements
    assert "SELECT COUNT(*)" not in statements


def test_the_list_costs_the_same_for_20_and_for_200(admin: Client, owner: User) -> None:
    chats(owner, 20)
    few = queries(admin, LIST)
    chats(owner, 180)
    assert queries(admin, LIST) == few <= 8


def test_the_page_costs_the_same_for_20_and_for_200_messages(admin: Client, owner: User) -> None:
    session = chat(owner).chat_session
    path = f"{LIST}{session.pk}/change/"

    def grow(count: int) -> None:
        rows = Message.objects.bulk_create(
            Message(chat_session=session, role="assistant", content="more") for _ in range(count)
        )
        Generation.objects.bulk_create(
            Generation(message=row, chat_session=session, user=owner, model="llama", state="completed") for row in rows
        )

    grow(20)
    few = queries(admin, path)
    grow(180)
    assert queries(admin, path) == few <= 8
    assert len(admin.get(path).context["chat_messages"]) == 100


def test_later_messages_are_a_page_on(admin: Client, owner: User) -> None:
    session = chat(owner).chat_session
    Message.objects.bulk_create(Message(chat_session=session, role="user", content="m") for _ in range(150))
    path = f"{LIST}{session.pk}/change/"
    first = admin.get(path).context
    second = admin.get(path, {"after": first["next_after"]}).context
    shown = [message.pk for message in [*first["chat_messages"], *second["chat_messages"]]]
    assert shown == list(session.messages.order_by("pk").values_list("pk", flat=True))
    assert second["next_after"] is None


def test_putting_away_hides_and_bringing_back_restores(admin: Client, owner: User) -> None:
    session = chat(owner).chat_session
    admin.post(LIST, {"action": "put_away", "_selected_action": [session.pk]})
    session.refresh_from_db()
    assert session.deleted_at is not None
    admin.post(LIST, {"action": "bring_back", "_selected_action": [session.pk]})
    session.refresh_from_db()
    assert session.deleted_at is None


def test_a_superuser_can_destroy(admin: Client, owner: User) -> None:
    session = chat(owner).chat_session
    page = admin.get(f"{LIST}{session.pk}/delete/").content.decode()
    assert "Messages: 2" in page or "messages: 2" in page.lower()
    admin.post(LIST, {"action": "delete_selected", "_selected_action": [session.pk], "post": "yes"})
    assert not ChatSession.objects.exists() and not Message.objects.exists()


def test_it_rejects_destroying_by_others(owner: User, helper: User) -> None:
    session = chat(owner).chat_session
    browser = grant(helper, "view_chatsession", "view_message", "delete_chatsession")
    browser.post(LIST, {"action": "delete_selected", "_selected_action": [session.pk], "post": "yes"})
    assert browser.post(f"{LIST}{session.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ChatSession.objects.filter(pk=session.pk).exists()


def test_it_rejects_putting_away_without_the_right(owner: User, helper: User) -> None:
    session = chat(owner).chat_session
    browser = grant(helper, "view_chatsession")
    browser.post(LIST, {"action": "put_away", "_selected_action": [session.pk]})
    session.refresh_from_db()
    assert session.deleted_at is None


def test_it_rejects_changes(admin: Client, owner: User) -> None:
    session = chat(owner, title="Old").chat_session
    assert admin.post(f"{LIST}{session.pk}/change/", {"title": "Forged"}).status_code == 403
    assert admin.get(f"{LIST}add/").status_code == 403
    session.refresh_from_db()
    assert session.title == "Old"


def test_it_requires_the_permission(owner: User, helper: User) -> None:
    session = chat(owner).chat_session
    browser = grant(helper)
    assert browser.get(LIST).status_code == 403
    assert browser.get(f"{LIST}{session.pk}/change/").status_code == 403


def test_texts_require_their_own_permission(owner: User, helper: User) -> None:
    session = chat(owner, text="a secret of mine").chat_session
    browser = grant(helper, "view_chatsession")
    assert "secret of mine" not in browser.get(f"{LIST}{session.pk}/change/").content.decode()
    assert titles(browser, q="secret") == []


def test_reading_is_noted_without_the_text(
    admin: Client, owner: User, staff: User, caplog: pytest.LogCaptureFixture
) -> None:
    session = chat(owner, text="a secret of mine").chat_session
    with caplog.at_level("INFO", logger="chat.admin.readonly"):
        admin.get(f"{LIST}{session.pk}/change/")
    assert f"administrator {staff.pk} read chat session {session.public_id}" in caplog.text
    assert "secret" not in caplog.text
