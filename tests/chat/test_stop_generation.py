"""Stopping, in whatever state: it ends, the text stays, and doing it twice changes nothing."""

from __future__ import annotations

import pytest

from accounts.models import User
from chat.actions.again import continue_answer, retry
from chat.actions.stop import stop_generation
from chat.events.types import Content, Started
from tests.road import STOPPED, answered, claim, expire, fresh, log, say, types, write

pytestmark = pytest.mark.django_db


def test_it_works(owner: User) -> None:
    sent = say(owner)
    stop_generation(generation=sent.generation)
    row = fresh(sent.generation)
    assert (row.state, row.finish_reason, types(row)) == ("stopped", "stopped", ["end"])


def test_a_running_one_is_asked_and_ends_by_its_worker(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    stop_generation(generation=sent.generation, seen=3)
    row = fresh(sent.generation)
    assert (row.state, row.stop_seen_seq, row.stop_requested_at is None) == ("running", 3, False)
    assert types(row) == []


def test_one_whose_worker_is_gone_ends_at_once(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    write(sent, Started(1, "sim", "o"), Content("so far"))
    expire(sent.generation)
    stop_generation(generation=sent.generation)
    row = fresh(sent.generation)
    assert (row.state, row.message.content, types(row)[-1]) == ("stopped", "so far", "end")


def test_the_first_request_counts(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    stop_generation(generation=sent.generation, seen=3)
    first = fresh(sent.generation).stop_requested_at
    stop_generation(generation=sent.generation, seen=9)
    assert (fresh(sent.generation).stop_requested_at, fresh(sent.generation).stop_seen_seq) == (first, 3)


def test_twice_is_once(owner: User) -> None:
    sent = say(owner)
    stop_generation(generation=sent.generation)
    before = fresh(sent.generation).ended_at
    stop_generation(generation=sent.generation)
    assert types(sent.generation) == ["end"] and fresh(sent.generation).ended_at == before


def test_after_the_end_it_changes_nothing(owner: User) -> None:
    sent = answered(owner, "all of it")
    before = log(sent.generation)
    stop_generation(generation=sent.generation)
    row = fresh(sent.generation)
    assert (row.state, row.message.content, log(row)) == ("completed", "all of it", before)


@pytest.mark.parametrize("action", [continue_answer, retry])
def test_stopping_in_the_queue_keeps_the_earlier_text(owner: User, action) -> None:  # type: ignore[no-untyped-def]
    sent = answered(owner, "Once upon ", outcome=STOPPED)
    generation = action(answer=sent.answer)
    stop_generation(generation=generation)
    assert fresh(generation).message.content == "Once upon "


def test_the_next_one_in_the_chat_goes_on(owner: User) -> None:
    first = say(owner)
    second = say(owner, chat=first.chat_session)
    stop_generation(generation=first.generation)
    assert claim(second).id == second.generation.pk
