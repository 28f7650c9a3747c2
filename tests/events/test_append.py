"""Appending: contiguous numbers, old claims refused whole, the end written once and together with the message."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from chat.events import types as t
from chat.events.append import Batch, Outcome, append
from chat.events.fold import fold
from chat.models import EventRow, Generation
from tests.road import COMPLETED, STOPPED, claim, expire, fresh, log, say, types, write

pytestmark = pytest.mark.django_db

ENDS = [
    COMPLETED,
    STOPPED,
    Outcome("failed", "error", "model_failed", "It broke."),
    Outcome("completed", "length"),
]


def test_it_works(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    stored = write(sent, t.Started(1, "sim", "ollama"), t.Content("Hel"), t.Content("lo"))
    assert [event.seq for event in stored] == [1, 2, 3]
    assert log(sent.generation) == stored
    assert fresh(sent.generation).last_seq == 3


def test_numbers_go_on_without_a_gap(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    for size in (1, 3, 2):
        write(sent, *[t.Content("x")] * size)
    write(sent, outcome=COMPLETED)
    assert [event.seq for event in log(sent.generation)] == list(range(1, 8))


def test_many_generations_in_one_transaction(owner: User, outsider: User, django_assert_num_queries) -> None:
    first, second = say(owner), say(outsider, model="other")
    claim(first), claim(second)
    batches = [Batch(one.generation.pk, 1, [t.Content(f"to {one.generation.pk}")]) for one in (first, second)]
    clock = connection.vendor == "postgresql"  # the database is asked for the time
    with django_assert_num_queries(4 + clock):  # the transaction's begin and end, one UPDATE, one INSERT
        append(batches)
    assert log(first.generation)[0].payload == t.Content(f"to {first.generation.pk}")
    assert log(second.generation)[0].payload == t.Content(f"to {second.generation.pk}")


def test_an_old_epoch_is_refused_whole_and_the_others_are_stored(owner: User, outsider: User) -> None:
    zombie, other = say(owner), say(outsider, model="other")
    claim(zombie), claim(other)
    expire(zombie.generation)
    claim(zombie, "another worker")
    late = Batch(zombie.generation.pk, 1, [t.Content("late"), t.Content("later")], COMPLETED)
    result = append([late, Batch(other.generation.pk, 1, [t.Content("fine")])])
    assert result.refused == {zombie.generation.pk} and result.events.keys() == {other.generation.pk}
    assert log(zombie.generation) == [] and types(other.generation) == ["content"]
    assert fresh(zombie.generation).state == "running"


@pytest.mark.parametrize("state", ["queued", "completed", "stopped", "failed"])
def test_another_state_is_refused(owner: User, state: str) -> None:
    sent = say(owner)
    claim(sent)
    Generation.objects.update(state=state)
    assert append([Batch(sent.generation.pk, 1, [t.Content("late")])]).refused == {sent.generation.pk}
    assert log(sent.generation) == []


@pytest.mark.parametrize("epoch", [0, 2, 99])
def test_an_epoch_that_never_was_is_refused(owner: User, epoch: int) -> None:
    sent = say(owner)
    claim(sent)
    assert append([Batch(sent.generation.pk, epoch, [t.Content("x")], COMPLETED)]).refused
    assert fresh(sent.generation).last_seq == 0


def test_a_generation_that_is_gone_is_refused(owner: User) -> None:
    sent = say(owner)
    sent.chat_session.delete()
    assert append([Batch(sent.generation.pk, 0, [t.Content("x")], state="queued")]).refused


def test_it_renews_the_lease(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    expire(sent.generation)
    before = fresh(sent.generation).lease_expires_at
    write(sent, t.Phase("reading", "Reading"))
    after = fresh(sent.generation).lease_expires_at
    assert before and after and (after - before).total_seconds() > 8


@pytest.mark.parametrize(
    ("payload", "claims"), [(t.Content("x"), 0), (t.Thinking("x"), 0), (t.Phase("reading", ""), 1)]
)
def test_only_words_are_progress(owner: User, payload: t.Payload, claims: int) -> None:
    sent = say(owner)
    claim(sent)
    write(sent, payload)
    row = fresh(sent.generation)
    assert row.idle_claims == claims and (row.first_delta_at is None) == bool(claims)


def test_the_first_delta_is_timed_once(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    write(sent, t.Content("a"))
    first = fresh(sent.generation).first_delta_at
    write(sent, t.Content("b"))
    assert fresh(sent.generation).first_delta_at == first


@pytest.mark.parametrize("outcome", ENDS, ids=lambda outcome: f"{outcome.state}-{outcome.finish_reason}")
def test_the_end_makes_the_fold_the_message(owner: User, outcome: Outcome) -> None:
    sent = say(owner)
    claim(sent)
    usage = t.Usage(10, 3, 7.5, 13, 4096)
    write(sent, t.Started(1, "sim", "o"), t.Retry(1, 0.1, "x", "y"), t.Thinking("hm"), t.Content("Yes"), usage)
    write(sent, t.Recovered(1, "worker_lost"), outcome=outcome)
    row, folded = fresh(sent.generation), fold(log(sent.generation))
    assert (row.message.content, row.message.thinking) == (folded.content, folded.thinking) == ("Yes", "hm")
    assert (row.state, row.finish_reason) == (outcome.state, outcome.finish_reason)
    assert (row.error_code, row.error_text) == (outcome.error_code, outcome.error_text)
    assert (row.prompt_tokens, row.completion_tokens, row.tokens_per_s) == (10, 3, 7.5)
    assert (row.retries, row.recoveries, row.owner, row.lease_expires_at) == (1, 1, "", None)
    assert row.ended_at == folded.ended_at and row.started_at == folded.started_at
    assert folded.end == t.End(outcome.state, outcome.finish_reason, sent.answer.public_id)


def test_nothing_comes_after_the_end(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    write(sent, t.Content("all"), outcome=COMPLETED)
    for late in (Batch(sent.generation.pk, 1, [t.Content("more")]), Batch(sent.generation.pk, 1, [], STOPPED)):
        assert append([late]).refused == {sent.generation.pk}
    assert types(sent.generation) == ["content", "end"] and fresh(sent.generation).message.content == "all"


def test_the_log_itself_takes_no_number_twice(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    (stored,) = write(sent, t.Content("x"))
    with pytest.raises(IntegrityError), transaction.atomic():
        EventRow.objects.create(generation=sent.generation, seq=1, epoch=1, type="content", data={}, at=stored.at)


def test_a_failure_half_way_leaves_nothing(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    with pytest.raises(RuntimeError, match="power cut"), transaction.atomic():
        append([Batch(sent.generation.pk, 1, [t.Content("x")], COMPLETED)])
        raise RuntimeError("power cut")
    assert log(sent.generation) == []
    row = fresh(sent.generation)
    assert (row.state, row.last_seq, row.message.content) == ("running", 0, "")


def test_a_batch_larger_than_a_statement_may_be(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    write(sent, *[t.Content("x"), t.Thinking("y")] * 3_000, outcome=COMPLETED)
    row = fresh(sent.generation)
    assert row.last_seq == 6_001 and len(row.message.content) == len(row.message.thinking) == 3_000


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=12))
def test_no_write_with_an_old_epoch_succeeds(owner: User, steps: list[tuple[int, int]]) -> None:
    """Claims and writes in any order: the log holds what the claim of the moment wrote, numbered without gaps."""
    with transaction.atomic():
        sent = say(owner)
        epoch, expected = 1, []
        claim(sent)
        for number, (age, size) in enumerate(steps):
            if age == 0:
                expire(sent.generation)
                Generation.objects.filter(pk=sent.generation.pk).update(idle_claims=0)
                epoch = claim(sent, f"worker {number}").epoch
            said = [t.Content(f"{number}.{i}") for i in range(size)]
            result = append([Batch(sent.generation.pk, epoch - age, said)])
            assert bool(result.refused) == (age > 0)
            expected += said if age == 0 else []
        events = log(sent.generation)
        assert [event.payload for event in events] == expected
        assert [event.seq for event in events] == list(range(1, len(expected) + 1))
        assert [event.epoch for event in events] == sorted(event.epoch for event in events)
        transaction.set_rollback(True)
