"""Asking again for an answer: what may be asked when, and that no text is lost by asking."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from chat.actions.again import continue_answer, retry
from chat.errors import Conflict, QueueFull, RateLimited
from chat.events.append import Outcome
from chat.events.types import Replace
from chat.models import Generation
from chat.queries.branch import answer_view
from tests.road import COMPLETED, STOPPED, answered, claim, log, say

pytestmark = pytest.mark.django_db

FAILED = Outcome("failed", "error", "model_failed", "It broke.")
CUT = Outcome("completed", "length")
ACTIONS = pytest.mark.parametrize("action", [continue_answer, retry])


def test_continue_works(owner: User) -> None:
    sent = answered(owner, "Once upon ", outcome=CUT)
    generation = continue_answer(answer=sent.answer)
    assert (generation.message, generation.kind, generation.state) == (sent.answer, "continue", "queued")
    assert (generation.model, generation.user, generation.chat_session) == ("sim", owner, sent.chat_session)


def test_retry_works(owner: User) -> None:
    sent = answered(owner, outcome=FAILED)
    generation = retry(answer=sent.answer)
    assert (generation.message, generation.kind, generation.state) == (sent.answer, "answer", "queued")
    assert answer_view(sent.answer).generation_id == generation.public_id


def test_a_retry_may_ask_another_model(owner: User) -> None:
    sent = answered(owner, outcome=FAILED)
    assert retry(answer=sent.answer, model="other").model == "other"


@ACTIONS
@pytest.mark.parametrize("outcome", [STOPPED, FAILED, CUT])
def test_the_text_so_far_begins_the_new_log(owner: User, action, outcome: Outcome) -> None:  # type: ignore[no-untyped-def]
    sent = answered(owner, "Once upon ", outcome=outcome)
    generation = action(answer=sent.answer)
    assert [event.payload for event in log(generation)] == [Replace("Once upon ", "")]


@ACTIONS
def test_it_rejects_a_complete_answer(owner: User, action) -> None:  # type: ignore[no-untyped-def]
    sent = answered(owner, "All of it.", outcome=COMPLETED)
    with pytest.raises(Conflict, match="complete"):
        action(answer=sent.answer)


@ACTIONS
def test_it_rejects_an_answer_that_is_being_written(owner: User, action) -> None:  # type: ignore[no-untyped-def]
    sent = say(owner)
    with pytest.raises(Conflict, match="being written"):
        action(answer=sent.answer)
    claim(sent)
    with pytest.raises(Conflict, match="being written"):
        action(answer=sent.answer)


@ACTIONS
def test_asking_twice_is_once(owner: User, action) -> None:  # type: ignore[no-untyped-def]
    sent = answered(owner, "Once upon ", outcome=STOPPED)
    action(answer=sent.answer)
    with pytest.raises(Conflict):
        action(answer=sent.answer)
    assert Generation.objects.count() == 2


@ACTIONS
def test_it_rejects_an_answer_that_the_chat_has_left_behind(owner: User, action) -> None:  # type: ignore[no-untyped-def]
    sent = answered(owner, "Once upon ", outcome=STOPPED)
    say(owner, chat=sent.chat_session)
    with pytest.raises(Conflict, match="gone on"):
        action(answer=sent.answer)


def test_there_must_be_a_text_to_go_on_from(owner: User) -> None:
    sent = answered(owner, outcome=STOPPED)
    with pytest.raises(Conflict, match="no text"):
        continue_answer(answer=sent.answer)
    assert retry(answer=sent.answer).state == "queued"


def test_a_row_read_before_the_end_does_not_hide_the_text(owner: User) -> None:
    sent = answered(owner, "Once upon ", outcome=STOPPED)
    sent.answer.content = ""  # as it was while it was written
    generation = continue_answer(answer=sent.answer)
    assert log(generation)[0].payload == Replace("Once upon ", "")


@ACTIONS
def test_it_counts_as_a_message(owner: User, action, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    sent = answered(owner, "Once upon ", outcome=STOPPED)
    settings.SMAIL = replace(settings.SMAIL, messages_per_minute=1)
    say(owner)
    with pytest.raises(RateLimited):
        action(answer=sent.answer)


@ACTIONS
def test_it_counts_as_waiting(owner: User, action, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    sent = answered(owner, "Once upon ", outcome=STOPPED)
    settings.SMAIL = replace(settings.SMAIL, max_running=1, max_queued=0)
    say(owner)
    with pytest.raises(QueueFull):
        action(answer=sent.answer)
    assert Generation.objects.count() == 2
