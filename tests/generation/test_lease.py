"""Claims: one at a time, fair, within slots; an old one can never write again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import User
from chat.events.append import Batch, append
from chat.events.types import Content
from chat.generation import lease
from chat.models import Generation
from tests.road import claim, expire, fresh, say, write

pytestmark = pytest.mark.django_db

Change = Callable[..., None]


def claimed(owner: str = "w", limit: int = 10) -> list[int]:
    return [found.id for found in lease.claim_next(owner, limit=limit)]


def test_it_works(owner: User) -> None:
    sent = say(owner)
    (found,) = lease.claim_next("w", limit=5)
    row = fresh(sent.generation)
    assert (found.id, found.epoch) == (row.pk, 1)
    assert (row.state, row.epoch, row.owner, row.idle_claims) == ("running", 1, "w", 1)
    assert row.lease_expires_at is not None and row.started_at is not None
    assert (row.lease_expires_at - row.started_at).total_seconds() == 8.0


def test_nothing_waiting_is_nothing_claimed(db: None) -> None:
    assert claimed() == []


@pytest.mark.parametrize("limit", [0, -1])
def test_no_room_is_nothing_claimed(owner: User, limit: int) -> None:
    say(owner)
    assert claimed(limit=limit) == []


def test_a_claim_is_made_once(owner: User) -> None:
    sent = say(owner)
    assert claimed("a") == [sent.generation.pk] and claimed("b") == []


@pytest.mark.django_db(transaction=True)
def test_a_claim_is_made_once_under_threads(owner: User, conf: Change) -> None:
    conf(max_running=100, slots_per_model=100)
    ids = {say(owner).generation.pk for _ in range(6)}
    together = threading.Barrier(2)

    def work(name: str) -> list[int]:
        together.wait(timeout=30)
        try:
            return [id_ for _ in range(4) for id_ in claimed(name, limit=2)]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(work, ["a", "b"])
    assert sorted(first + second) == sorted(ids)


@pytest.mark.django_db(transaction=True)
def test_slots_are_not_given_twice_under_threads(owner: User, outsider: User, conf: Change) -> None:
    conf(max_running=100, slots_per_model=2)
    for user in (owner, outsider) * 3:
        say(user)
    together = threading.Barrier(3)

    def work(name: str) -> list[int]:
        together.wait(timeout=30)
        try:
            return claimed(name, limit=2)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert sum(len(ids) for ids in pool.map(work, "abc")) == 2


def test_an_expired_lease_is_taken_over(owner: User) -> None:
    sent = say(owner)
    claim(sent, "dead")
    assert claimed("other") == []
    expire(sent.generation)
    (found,) = lease.claim_next("other", limit=1)
    assert found.epoch == 2 and fresh(sent.generation).owner == "other"


def test_an_expired_lease_goes_before_the_queue(owner: User, outsider: User, conf: Change) -> None:
    conf(slots_per_model=5)
    sent, waiting = say(owner), say(outsider)
    claim(sent, "dead")
    expire(sent.generation)
    assert claimed(limit=1) == [sent.generation.pk]
    assert claimed() == [waiting.generation.pk]


def test_taking_over_does_not_exceed_the_slots(owner: User, outsider: User) -> None:
    sent = say(owner)
    say(outsider)
    claim(sent, "dead")
    expire(sent.generation)
    assert claimed() == [sent.generation.pk] and claimed() == []


def test_a_model_writes_as_many_as_it_has_slots(owner: User, outsider: User, staff: User, conf: Change) -> None:
    conf(slots_per_model=2)
    first, second, third = (say(user) for user in (owner, outsider, staff))
    other = say(staff, model="other")
    assert claimed() == [first.generation.pk, second.generation.pk, other.generation.pk]
    assert claimed() == []
    write(first, Content("x"))
    assert third.generation.pk not in claimed()


def test_a_user_has_as_many_running_as_allowed(owner: User, outsider: User, conf: Change) -> None:
    conf(max_running=2, slots_per_model=100)
    mine = [say(owner).generation.pk for _ in range(4)]
    theirs = say(outsider).generation.pk
    assert claimed() == [mine[0], theirs, mine[1]]
    assert claimed() == []


def test_a_chat_writes_one_at_a_time_and_in_order(owner: User, conf: Change) -> None:
    conf(max_running=10, slots_per_model=10)
    first = say(owner)
    second, third = (say(owner, chat=first.chat_session).generation.pk for _ in range(2))
    assert claimed() == [first.generation.pk] and claimed() == []
    Generation.objects.filter(pk=first.generation.pk).update(state="completed")
    assert claimed() == [second]
    Generation.objects.filter(pk=second).update(state="stopped")
    assert claimed() == [third]


def test_a_chat_whose_worker_died_waits_for_it(owner: User, conf: Change) -> None:
    conf(max_running=10, slots_per_model=10)
    first = say(owner)
    say(owner, chat=first.chat_session)
    claim(first)
    expire(first.generation)
    assert claimed() == [first.generation.pk] and claimed() == []


def test_handing_back_makes_it_the_next(owner: User) -> None:
    sent = say(owner)
    claim(sent, "leaving")
    assert lease.hand_back("somebody else") == 0
    assert lease.hand_back("leaving") == 1
    assert fresh(sent.generation).state == "queued"
    (found,) = lease.claim_next("other", limit=1)
    assert (found.id, found.epoch) == (sent.generation.pk, 2)


def test_who_has_handed_back_writes_no_more(owner: User) -> None:
    sent = say(owner)
    claim(sent, "leaving")
    lease.hand_back("leaving")
    late = Batch(sent.generation.pk, 1, [Content("late")])
    assert append([late]).refused
    claim(sent, "other")
    assert append([late]).refused and fresh(sent.generation).last_seq == 0


def test_renewing(owner: User, outsider: User) -> None:
    mine, lost = say(owner), say(outsider, model="other")
    claim(mine, "w"), claim(lost, "w")
    expire(mine.generation), expire(lost.generation)
    Generation.objects.filter(pk=lost.generation.pk).update(owner="other", epoch=2)
    before = fresh(lost.generation).lease_expires_at
    assert lease.renew("w", {mine.generation.pk: 1, lost.generation.pk: 1}) == {mine.generation.pk}
    assert fresh(lost.generation).lease_expires_at == before
    assert claimed("other") == [lost.generation.pk]


def test_hearing_stops(owner: User, outsider: User) -> None:
    stopped, other = say(owner), say(outsider, model="other")
    claim(stopped, "w"), claim(other, "w")
    Generation.objects.filter(pk=stopped.generation.pk).update(stop_requested_at=fresh(other.generation).started_at)
    ours = {stopped.generation.pk: 1, other.generation.pk: 1}
    assert lease.stops_requested("w", ours) == {stopped.generation.pk}
    assert lease.stops_requested("somebody else", ours) == set()


def test_poison_is_found_and_not_claimed(owner: User) -> None:
    sent = say(owner)
    for number in range(3):
        assert lease.expired_poison() == []
        assert claim(sent, f"victim {number}").epoch == number + 1
        expire(sent.generation)
    assert claimed() == [] and lease.expired_poison() == [sent.generation]


def test_progress_makes_it_no_poison(owner: User) -> None:
    sent = say(owner)
    for number in range(5):
        found = claim(sent, f"victim {number}")
        write(sent, Content("x"), epoch=found.epoch)
        expire(sent.generation)
    assert lease.expired_poison() == []
