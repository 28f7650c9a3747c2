"""The whole pages: what they show, to whom, at what cost, and that they hold no script."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.models import User
from chat.events.append import Batch, append
from chat.events.types import Content, Payload, Phase, Started
from chat.models import ChatSession, Generation
from chat.queries.branch import answer_view
from chat.rendering.fragments import answer_article
from tests.chat.conftest import Say
from tests.chat.page_model import parse
from tests.ollama_sim.thread import OllamaSimThread

CHAT_URL = "/chat/{}/"


def text_of(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


def test_the_root_leads_to_a_new_chat(visitor: Client) -> None:
    assert visitor.get("/")["Location"] == "/chat/"


def test_a_new_chat_works(visitor: Client, model_server: OllamaSimThread) -> None:
    page = text_of(visitor.get("/chat/"))
    assert 'action="/chat/messages/"' in page and "What shall we work on?" in page
    assert 'data-chat=""' in page and ChatSession.objects.count() == 0
    parse(page.partition("<body")[0].partition("<head>")[2].partition("</head>")[0])


def test_a_chat_works(visitor: Client, say: Say) -> None:
    sent = say("What is up?", answer="**Much** is up.")
    page = text_of(visitor.get(CHAT_URL.format(sent.chat_session.public_id)))
    assert "What is up?" in page and "<strong>Much</strong>" in page
    assert f'data-chat="{sent.chat_session.public_id}"' in page and ">{}</script>" in page


def test_an_answer_being_written_comes_with_its_cursor(visitor: Client, say: Say) -> None:
    sent = say(answer=None)
    page = text_of(visitor.get(CHAT_URL.format(sent.chat_session.public_id)))
    found = re.search(r'<script id="cursors" type="application/json">(.*?)</script>', page)
    assert found and json.loads(found[1]) == {sent.generation.public_id: 0}
    assert answer_article(answer_view(sent.answer)) in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_the_list_shows_the_newest_first_and_who_is_writing(visitor: Client, say: Say) -> None:
    old, new = say("First"), say("Second", answer=None)
    page = text_of(visitor.get("/chat/"))
    assert page.index(f"chat-{new.chat_session.public_id}") < page.index(f"chat-{old.chat_session.public_id}")
    assert page.count("chat-item__writing") == 1


def test_the_theme_of_the_cookie_is_in_the_first_byte(visitor: Client) -> None:
    assert 'data-theme="system"' in text_of(visitor.get("/chat/"))
    visitor.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in text_of(visitor.get("/chat/"))
    visitor.cookies["theme"] = '"><b>'
    assert 'data-theme="system"' in text_of(visitor.get("/chat/"))


def test_without_a_model_server_it_says_what_to_do(visitor: Client, settings: Settings) -> None:
    settings.SMAIL = replace(settings.SMAIL, ollama_host="http://127.0.0.1:9")
    page = text_of(visitor.get("/chat/"))
    assert "Is Ollama running?" in page and "ollama serve" in page
    assert re.search(r"composer__send[^>]*disabled", page)


def test_the_picker_shows_what_a_model_is(visitor: Client) -> None:
    page = text_of(visitor.get("/chat/"))
    assert 'type="radio" name="model"' in page and "Q4_K_M" in page and "2.0 GB" in page
    picker = text_of(visitor.get("/chat/models/"))
    assert picker.startswith('<div id="model"') and 'id="model-notice"' in picker
    assert 'id="composer-send"' in picker and "disabled" not in picker


@pytest.mark.parametrize("path", ["/chat/", "/chat/{}/", "/chat/list/?before=2026-01-01T00:00:00Z", "/chat/models/"])
def test_it_requires_a_signed_in_person(client: Client, owner: User, say: Say, path: str) -> None:
    path = path.format(say().chat_session.public_id)
    response = client.get(path)
    assert response.status_code == 302 and response["Location"].startswith("/accounts/login/?next=/chat/")


def test_htmx_is_told_to_leave_for_the_sign_in_page(client: Client, db: None) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/chat/"}
    assert client.get("/chat/models/", headers=headers)["HX-Redirect"] == "/accounts/login/?next=/chat/"


def test_not_theirs_and_not_there_look_the_same(visitor: Client, say: Say, outsider: User) -> None:
    theirs = say().chat_session
    ChatSession.objects.update(user=outsider)
    foreign, missing = visitor.get(CHAT_URL.format(theirs.public_id)), visitor.get(CHAT_URL.format("x" * 22))
    assert foreign.status_code == missing.status_code == 404
    assert without_token(foreign) == without_token(missing)


def without_token(response: object) -> str:
    return re.sub(r'"X-CSRFToken": "\w+"', "", text_of(response))


def test_a_deleted_chat_is_gone(visitor: Client, say: Say) -> None:
    chat = say().chat_session
    visitor.post(f"/chat/{chat.public_id}/delete/")
    assert visitor.get(CHAT_URL.format(chat.public_id)).status_code == 404


def test_looking_writes_nothing(visitor: Client, say: Say) -> None:
    chat = say().chat_session
    with CaptureQueriesContext(connection) as queries:
        visitor.get(CHAT_URL.format(chat.public_id))
        visitor.get("/chat/")
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}


def test_it_takes_no_other_method(visitor: Client) -> None:
    assert visitor.post("/chat/").status_code == 405
    assert visitor.get("/chat/messages/").status_code == 405


def test_a_chat_of_fifty_turns_costs_few_queries(
    visitor: Client, say: Say, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    chat = say().chat_session
    for turn in range(49):
        say(f"Turn {turn}", chat=chat)
    with django_assert_num_queries(6):  # sign-in session, person, chat, messages, generations, list
        page = text_of(visitor.get(CHAT_URL.format(chat.public_id)))
    assert page.count("<article") == 100


def test_no_page_holds_script_or_style(visitor: Client, say: Say) -> None:
    sent = say(answer="Text with <b onclick='x'>markup</b>")
    for path in ("/chat/", CHAT_URL.format(sent.chat_session.public_id), "/chat/nothing-is-here/"):
        response = visitor.get(path)
        page = text_of(response)
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert re.findall(r"<script(?![^>]* src=)(?![^>]*application/json)", page) == []
        assert re.findall(r"<[^>]*\s(?:on\w+|style)=", page) == []


def test_the_page_says_what_the_answer_is_doing(visitor: Client, say: Say) -> None:
    sent = say(answer=None)
    Generation.objects.update(state="running", epoch=1, started_at=sent.generation.created_at)
    from_log(sent.generation, [Started(1, "sim", "here"), Phase("writing", "Writing"), Content("Half a sen")])
    page = text_of(visitor.get(CHAT_URL.format(sent.chat_session.public_id)))
    assert 'data-state="writing"' in page and "Half a sen" in page


def from_log(generation: Generation, payloads: Sequence[Payload]) -> None:
    assert append([Batch(generation.pk, 1, payloads)]).refused == set()
