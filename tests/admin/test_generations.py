"""Generations in admin: figures and the timeline of events."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from chat.models import Generation
from tests.admin.conftest import chat, chats, events, grant

LIST = "/admin/chat/generation/"


def page_of(generation: Generation) -> str:
    return f"{LIST}{generation.pk}/change/"


def test_it_works(admin: Client, owner: User) -> None:
    generation = chat(owner)
    made = generation.created_at
    generation.started_at, generation.first_delta_at = made + timedelta(seconds=1), made + timedelta(seconds=1.5)
    generation.ended_at = made + timedelta(seconds=4)
    generation.save()
    events(generation, 3)
    response = admin.get(page_of(generation))
    assert [(row.seq, row.type, round(row.after_s, 3)) for row in response.context["timeline"]] == [
        (1, "content", 0.01), (2, "content", 0.02), (3, "content", 0.03),
    ]  # fmt: skip
    for figure in ("1.00", "0.50", "4.00"):
        assert figure in response.content.decode()


def test_the_timeline_is_paged_at_500(admin: Client, owner: User) -> None:
    generation = chat(owner)
    events(generation, 700)
    first = admin.get(page_of(generation)).context
    second = admin.get(page_of(generation), {"after": first["next_after"]}).context
    assert [row.seq for row in first["timeline"]] == list(range(1, 501))
    assert [row.seq for row in second["timeline"]] == list(range(501, 701))
    assert second["next_after"] is None


def test_the_list_costs_the_same_for_20_and_for_200(admin: Client, owner: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin.get(LIST).status_code == 200
        return len(captured)

    chats(owner, 20)
    few = queries()
    chats(owner, 180)
    assert queries() == few <= 8


def test_it_filters(admin: Client, owner: User, staff: User) -> None:
    wanted = chat(owner, model="qwen", state="failed", error_code="timeout")
    chat(staff)
    for query in ({"by_user": "owner"}, {"by_model": "qwen"}, {"by_state": "failed"}, {"by_error": "timeout"}):
        assert list(admin.get(LIST, query).context["cl"].result_list) == [wanted]


def test_it_finds_by_any_id(admin: Client, owner: User) -> None:
    wanted = chat(owner)
    chat(owner)
    for words in (wanted.public_id, wanted.chat_session.public_id, wanted.message.public_id):
        assert list(admin.get(LIST, {"q": words}).context["cl"].result_list) == [wanted]


def test_it_rejects_adding_changing_and_deleting(admin: Client, owner: User) -> None:
    generation = chat(owner)
    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.post(page_of(generation), {"state": "failed"}).status_code == 403
    assert admin.post(f"{LIST}{generation.pk}/delete/", {"post": "yes"}).status_code == 403
    admin.post(LIST, {"action": "delete_selected", "_selected_action": [generation.pk], "post": "yes"})
    assert Generation.objects.filter(pk=generation.pk).exists()


def test_it_requires_the_permission(owner: User, helper: User) -> None:
    generation = chat(owner)
    browser = grant(helper)
    assert browser.get(LIST).status_code == 403
    assert browser.get(page_of(generation)).status_code == 403


def test_texts_require_their_own_permission(owner: User, helper: User) -> None:
    generation = chat(owner)
    events(generation, 2)
    assert "secret" not in grant(helper, "view_generation").get(page_of(generation)).content.decode()
    assert "secret1" in grant(helper, "view_message").get(page_of(generation)).content.decode()
