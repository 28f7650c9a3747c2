"""Messages in admin: to be found and read."""

from __future__ import annotations

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from chat.models import Message
from tests.admin.conftest import chat, chats, grant

LIST = "/admin/chat/message/"


def test_it_works(admin: Client, owner: User) -> None:
    answer = chat(owner, text="How do I bake bread?").message
    found = admin.get(LIST, {"q": "bake"}).context["cl"].result_list
    assert [message.pk for message in found] == [answer.parent_id]
    assert "an answer" in admin.get(f"{LIST}{answer.pk}/change/").content.decode()


def test_the_list_costs_the_same_for_20_and_for_200(admin: Client, owner: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin.get(LIST).status_code == 200
        return len(captured)

    chats(owner, 20)
    few = queries()
    chats(owner, 180)
    assert queries() == few <= 6


def test_it_rejects_adding_changing_and_deleting(admin: Client, owner: User) -> None:
    answer = chat(owner).message
    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.post(f"{LIST}{answer.pk}/change/", {"content": "forged"}).status_code == 403
    assert admin.post(f"{LIST}{answer.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Message.objects.get(pk=answer.pk).content == "an answer"


def test_it_requires_the_permission(owner: User, helper: User) -> None:
    answer = chat(owner).message
    browser = grant(helper, "view_chatsession", "view_generation")
    assert browser.get(LIST).status_code == 403
    assert browser.get(f"{LIST}{answer.pk}/change/").status_code == 403
