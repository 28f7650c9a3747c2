"""Stop, try again, continue: by a plain form, by htmx, and refused."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from chat.actions.finish import end_unowned
from chat.events.append import Outcome
from chat.events.types import Content, Error, Started
from chat.models import ChatSession, Generation
from tests.chat.conftest import Say

HTMX = {"HX-Request": "true"}
FAILED = Outcome("failed", "error", "interrupted", "The answer was interrupted.")


def test_stop_works(visitor: Client, say: Say) -> None:
    sent = say(answer=None)
    response = visitor.post(f"/chat/generations/{sent.generation.public_id}/stop/", {"seen": "0"})
    assert response["Location"] == f"/chat/{sent.chat_session.public_id}/#message-{sent.answer.public_id}"
    assert Generation.objects.get().state == "stopped"


def test_htmx_gets_no_content(visitor: Client, say: Say) -> None:
    generation = say(answer=None).generation
    assert visitor.post(f"/chat/generations/{generation.public_id}/stop/", headers=HTMX).status_code == 204


def test_stop_twice_is_stop(visitor: Client, say: Say) -> None:
    url = f"/chat/generations/{say(answer=None).generation.public_id}/stop/"
    assert [visitor.post(url, headers=HTMX).status_code for _ in range(2)] == [204, 204]


def test_stop_rejects_a_place_that_is_none(visitor: Client, say: Say) -> None:
    generation = say(answer=None).generation
    assert visitor.post(f"/chat/generations/{generation.public_id}/stop/", {"seen": "-1"}).status_code == 400


@pytest.mark.parametrize(("verb", "kind"), [("retry", "answer"), ("continue", "continue")])
def test_a_failed_answer_can_be_taken_up(visitor: Client, say: Say, verb: str, kind: str) -> None:
    sent = say(answer=None)
    error = Error("interrupted", "The answer was interrupted.", True)
    end_unowned(sent.generation, FAILED, [Started(1, "sim", "here"), Content("Half a"), error])
    page = visitor.get(f"/chat/{sent.chat_session.public_id}/").content.decode()
    url = f"/chat/answers/{sent.answer.public_id}/{verb}/"
    assert f'formaction="{url}"' in page and "The answer was interrupted." in page
    assert visitor.post(url).status_code == 302
    assert list(Generation.objects.order_by("id").values_list("kind", "state"))[1] == (kind, "queued")


@pytest.mark.parametrize("verb", ["retry", "continue"])
def test_it_rejects_a_complete_answer(visitor: Client, say: Say, verb: str) -> None:
    url = f"/chat/answers/{say().answer.public_id}/{verb}/"
    plain, htmx = visitor.post(url), visitor.post(url, headers=HTMX)
    assert plain.status_code == htmx.status_code == 409
    assert b"This answer is complete." in plain.content and b"This answer is complete." in htmx.content
    assert htmx["HX-Reswap"] == "none" and b"beforeend:#toasts" in htmx.content


def test_it_rejects_strangers(visitor: Client, say: Say, outsider: User) -> None:
    sent = say(answer=None)
    ChatSession.objects.update(user=outsider)
    urls = [f"/chat/generations/{sent.generation.public_id}/stop/"]
    urls += [f"/chat/answers/{sent.answer.public_id}/{verb}/" for verb in ("retry", "continue")]
    assert [visitor.post(url).status_code for url in urls] == [404, 404, 404]
    visitor.logout()
    assert [visitor.post(url).status_code for url in urls] == [302, 302, 302]
    assert Generation.objects.get().state == "queued"
