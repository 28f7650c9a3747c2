"""Sending from the page: by a plain form, by htmx, and refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from chat.models import ChatSession, Generation, Message
from tests.chat.conftest import Say
from tests.ollama_sim.thread import OllamaSimThread

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/chat/"}


def prompt(text: str = "Hello", key: str = "k1", **more: str) -> dict[str, str]:
    return {"text": text, "key": key, "model": "sim", **more}


def refused_with(response: HttpResponse, status: int, text: str) -> None:
    assert response.status_code == status
    assert text in response.content.decode()


def test_a_plain_form_begins_a_chat(visitor: Client) -> None:
    response = visitor.post("/chat/messages/", prompt())
    chat, answer = ChatSession.objects.get(), Message.objects.get(role="assistant")
    assert response.status_code == 302
    assert response["Location"] == f"/chat/{chat.public_id}/#message-{answer.public_id}"
    assert Generation.objects.get().state == "queued" and chat.model == "sim"


def test_htmx_gets_the_thread_of_the_new_chat(visitor: Client) -> None:
    response = visitor.post("/chat/messages/", prompt(), headers=HTMX)
    chat, page = ChatSession.objects.get(), response.content.decode()
    assert response["HX-Push-Url"] == f"/chat/{chat.public_id}/"
    assert '<div id="thread"' in page and f'data-chat="{chat.public_id}"' in page
    assert 'hx-swap-oob="afterbegin:#chat-list"' in page and "<title>Hello · SMAIL</title>" in page


def test_a_suggestion_is_a_prompt(visitor: Client) -> None:
    visitor.post("/chat/messages/", prompt(text="", suggestion="Explain a hash table."))
    assert Message.objects.get(role="user").content == "Explain a hash table."


def test_a_chat_goes_on(visitor: Client, say: Say) -> None:
    chat = say().chat_session
    response = visitor.post(f"/chat/{chat.public_id}/messages/", prompt("And then?"))
    assert response.status_code == 302 and chat.messages.count() == 4


def test_htmx_leaves_the_showing_to_the_stream(visitor: Client, say: Say) -> None:
    chat = say().chat_session
    response = visitor.post(f"/chat/{chat.public_id}/messages/", prompt("And then?"), headers=HTMX)
    assert response.status_code == 204 and "smail:sent" in response["HX-Trigger"]


def test_the_same_form_twice_is_one_prompt(visitor: Client) -> None:
    first, again = visitor.post("/chat/messages/", prompt()), visitor.post("/chat/messages/", prompt())
    assert first["Location"] == again["Location"] and Message.objects.count() == 2


@pytest.mark.parametrize("text", ["", " \n "])
def test_it_rejects_an_empty_prompt(visitor: Client, text: str) -> None:
    refused_with(visitor.post("/chat/messages/", prompt(text)), 400, "nothing to send")
    assert ChatSession.objects.count() == 0


def test_it_rejects_a_form_without_a_key(visitor: Client) -> None:
    refused_with(visitor.post("/chat/messages/", {"text": "Hello"}), 400, "could not be understood")


def test_too_long_a_prompt_stays_in_the_field(visitor: Client, settings: Settings) -> None:
    settings.SMAIL = replace(settings.SMAIL, max_prompt_chars=10)
    response = visitor.post("/chat/messages/", prompt("This is too long <b>"))
    refused_with(response, 413, "characters")
    refused_with(response, 413, "This is too long &lt;b&gt;</textarea>")


def test_too_fast_says_when_to_come_back(visitor: Client, settings: Settings, owner: User) -> None:
    settings.SMAIL = replace(settings.SMAIL, max_running=0, max_queued=0)
    response = visitor.post("/chat/messages/", prompt())
    refused_with(response, 429, "Hello</textarea>")
    assert int(response["Retry-After"]) >= 1


def test_htmx_gets_the_reason_and_nothing_is_swapped(visitor: Client, settings: Settings) -> None:
    settings.SMAIL = replace(settings.SMAIL, max_running=0, max_queued=0)
    response = visitor.post("/chat/messages/", prompt(), headers=HTMX)
    refused_with(response, 429, "as many as allowed")
    assert response["HX-Reswap"] == "none" and int(response["Retry-After"]) >= 1
    assert response.content.startswith(b'<div hx-swap-oob="beforeend:#toasts">')


def test_it_requires_a_signed_in_person(client: Client, db: None) -> None:
    response = client.post("/chat/messages/", prompt())
    assert response.status_code == 302 and response["Location"].startswith("/accounts/login/")
    assert Message.objects.count() == 0


def test_it_requires_a_token_against_forgery(owner: User, model_server: OllamaSimThread) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(owner)
    refused_with(careful.post("/chat/messages/", prompt()), 403, "out of date")


def test_it_rejects_the_chat_of_somebody_else(visitor: Client, say: Say, outsider: User) -> None:
    chat = say().chat_session
    ChatSession.objects.update(user=outsider)
    assert visitor.post(f"/chat/{chat.public_id}/messages/", prompt()).status_code == 404
    assert chat.messages.count() == 2
