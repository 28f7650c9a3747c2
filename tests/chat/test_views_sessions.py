"""The list of chats: rename, delete, undo, older entries."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from chat.models import ChatSession
from chat.views.thread import PAGE_OF_CHATS
from tests.chat.conftest import Say

HTMX = {"HX-Request": "true"}


def at(chat: ChatSession | None) -> dict[str, str]:
    """Return the headers of htmx on the page of this chat."""
    return {
        **HTMX,
        "HX-Current-URL": f"http://testserver/chat/{chat.public_id}/" if chat else "http://testserver/chat/",
    }


def test_rename_works(visitor: Client, say: Say) -> None:
    chat = say().chat_session
    response = visitor.post(f"/chat/{chat.public_id}/rename/", {"title": "A <new> title"})
    chat.refresh_from_db()
    assert response["Location"] == f"/chat/{chat.public_id}/" and chat.title == "A <new> title"


def test_rename_by_htmx_shows_the_entry_and_the_title(visitor: Client, say: Say) -> None:
    chat = say().chat_session
    form = visitor.get(f"/chat/{chat.public_id}/rename/", headers=at(chat)).content.decode()
    assert 'name="title" value="Hi"' in form
    page = visitor.post(f"/chat/{chat.public_id}/rename/", {"title": "New"}, headers=at(chat)).content.decode()
    assert page.startswith('<li id="chat-') and 'aria-current="page"' in page
    assert re.search(r'<h1 id="chat-title"[^>]* hx-swap-oob="true">New</h1>', page)


def test_rename_can_be_given_up(visitor: Client, say: Say) -> None:
    chat = say().chat_session
    page = visitor.get(f"/chat/{chat.public_id}/rename/?cancel=1", headers=at(None)).content.decode()
    assert "chat-item__title" in page and "<form" not in page


@pytest.mark.parametrize("title", ["", "   ", "x" * 121])
def test_it_rejects_a_title_that_is_none(visitor: Client, say: Say, title: str) -> None:
    chat = say().chat_session
    response = visitor.post(f"/chat/{chat.public_id}/rename/", {"title": title})
    assert response.status_code == 400 and b"field__error" in response.content
    assert visitor.post(f"/chat/{chat.public_id}/rename/", {"title": title}, headers=HTMX).status_code == 400


def test_delete_and_its_undo_work_without_script(visitor: Client, say: Say) -> None:
    chat = say().chat_session
    leads_to = visitor.post(f"/chat/{chat.public_id}/delete/")["Location"]
    assert leads_to == f"/chat/?deleted={chat.public_id}"
    assert f'formaction="/chat/{chat.public_id}/restore/"' in visitor.get(leads_to).content.decode()
    assert visitor.post(f"/chat/{chat.public_id}/restore/")["Location"] == f"/chat/{chat.public_id}/"
    assert visitor.get(f"/chat/{chat.public_id}/").status_code == 200


def test_delete_by_htmx_takes_the_entry_away_and_offers_undo(visitor: Client, say: Say) -> None:
    chat = say().chat_session
    response = visitor.post(f"/chat/{chat.public_id}/delete/", headers=at(None))
    page = response.content.decode()
    assert f'<li id="chat-{chat.public_id}" hx-swap-oob="delete">' in page and "Undo" in page
    assert "HX-Retarget" not in response
    back = visitor.post(f"/chat/{chat.public_id}/restore/", headers=at(None)).content.decode()
    assert f'<li id="chat-{chat.public_id}" class="chat-item">' in back


def test_delete_of_the_chat_on_the_page_leaves_it(visitor: Client, say: Say) -> None:
    chat = say().chat_session
    response = visitor.post(f"/chat/{chat.public_id}/delete/", headers=at(chat))
    assert (response["HX-Retarget"], response["HX-Push-Url"]) == ("#thread", "/chat/")
    assert 'data-chat=""' in response.content.decode()


def test_older_chats_come_by_page(visitor: Client, say: Say) -> None:
    newest = say().chat_session
    rows = [
        ChatSession(user=newest.user, title=f"Old {n}", touched_at=newest.touched_at - timedelta(hours=n))
        for n in range(1, PAGE_OF_CHATS + 5)
    ]
    ChatSession.objects.bulk_create(rows)
    page = visitor.get("/chat/").content.decode()
    found = re.search(r'hx-get="(/chat/list/[^"]+)"', page)
    assert found and f"Old {PAGE_OF_CHATS - 1}" in page and f"Old {PAGE_OF_CHATS}<" not in page
    older = visitor.get(found[1].replace("&amp;", "&"), headers=at(None)).content.decode()
    assert older.count('class="chat-item"') == 5 and 'hx-get="/chat/list/' not in older


@pytest.mark.parametrize("before", ["", "yesterday", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00"])
def test_it_rejects_a_moment_that_is_none(visitor: Client, before: str) -> None:
    assert visitor.get("/chat/list/", {"before": before}).status_code == 400


@pytest.mark.parametrize("verb", ["rename", "delete", "restore"])
def test_it_rejects_strangers(visitor: Client, client: Client, say: Say, outsider: User, verb: str) -> None:
    chat = say().chat_session
    ChatSession.objects.update(user=outsider)
    assert visitor.post(f"/chat/{chat.public_id}/{verb}/", {"title": "Mine"}).status_code == 404
    visitor.logout()
    assert visitor.post(f"/chat/{chat.public_id}/{verb}/").status_code == 302
    chat.refresh_from_db()
    assert chat.title == "Hi" and chat.deleted_at is None
