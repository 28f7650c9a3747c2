"""Reading the log: in order from a cursor, never over a gap, one query for all."""

from __future__ import annotations

import pytest

from accounts.models import User
from chat.actions.finish import end_unowned
from chat.events import types as t
from chat.events.fold import Fold
from chat.events.read import fold_log, read, read_many, stored_as_events
from chat.models import EventRow
from tests.road import STOPPED, answered, claim, fresh, log, say, write

pytestmark = pytest.mark.django_db


def test_it_works(owner: User) -> None:
    sent = answered(owner, "a", "b", "c")
    assert [(event.seq, event.type) for event in read(sent.generation.pk, 2)] == [
        (3, "content"),
        (4, "content"),
        (5, "end"),
    ]


@pytest.mark.parametrize("after", [5, 6, 1_000])
def test_after_the_end_there_is_nothing(owner: User, after: int) -> None:
    assert read(answered(owner, "a", "b", "c").generation.pk, after) == []


def test_it_reads_in_pages(owner: User) -> None:
    id_ = answered(owner, *"abcdefg").generation.pk
    seen: list[int] = []
    while page := read(id_, len(seen), limit=2):
        assert len(page) <= 2
        seen += [event.seq for event in page]
    assert seen == list(range(1, 10))


def test_it_never_steps_over_a_gap(owner: User) -> None:
    sent = answered(owner, "a", "b", "c")
    EventRow.objects.filter(seq=3).delete()
    id_ = sent.generation.pk
    assert [event.seq for event in read(id_, 0)] == [1, 2]
    assert read(id_, 2) == [] and read_many({id_: 2}) == {id_: []}
    assert [event.seq for event in read(id_, 3)] == [4, 5]
    assert fold_log(id_).covers == 2


def test_many_in_one_query(owner: User, outsider: User, django_assert_num_queries) -> None:
    sents = [answered(user, *text) for user, text in ((owner, "abc"), (outsider, "xy"), (owner, "1"))]
    heads = {sent.generation.pk: after for sent, after in zip(sents, (3, 0, 3), strict=True)}
    with django_assert_num_queries(1):
        found = read_many(heads)
    assert {id_: [event.seq for event in events] for id_, events in found.items()} == {
        sents[0].generation.pk: [4, 5],
        sents[1].generation.pk: [1, 2, 3, 4],
    }
    for id_, events in found.items():
        assert events == read(id_, heads[id_])


def test_none_are_no_query(db: None, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert read_many({}) == {}


def test_an_unknown_type_keeps_its_number_and_says_nothing(owner: User) -> None:
    sent = answered(owner, "a", "b", "c")
    EventRow.objects.filter(seq=3).update(type="hologram", data={"x": 1})
    events = log(sent.generation)
    assert [event.seq for event in events] == [1, 2, 3, 4, 5] and events[2].payload == t.Content("")
    assert fold_log(sent.generation.pk).content == "ac"


def test_the_fold_of_a_long_log(owner: User) -> None:
    sent = say(owner)
    claim(sent)
    write(sent, *[t.Content("x")] * 4_500)
    found = fold_log(sent.generation.pk)
    assert (found.covers, len(found.content)) == (4_500, 4_500)


def test_a_pruned_log_is_its_message_and_its_end(owner: User) -> None:
    sent = answered(owner, "a", "b", "c")
    end = log(sent.generation)[-1]
    EventRow.objects.all().delete()
    replace, last = stored_as_events(fresh(sent.generation))
    assert (replace.seq, replace.payload) == (4, t.Replace("abc", "")) and last == end


def test_a_viewer_of_the_pruned_log_ends_with_the_text(owner: User) -> None:
    sent = answered(owner, "a", "b", "c")
    EventRow.objects.all().delete()
    events = stored_as_events(fresh(sent.generation))
    assert Fold(covers=events[0].seq - 1).apply_all(events).content == "abc"


def test_the_pruned_log_of_a_generation_that_never_began(owner: User) -> None:
    sent = say(owner)
    assert end_unowned(sent.generation, STOPPED)
    EventRow.objects.all().delete()
    (only,) = stored_as_events(fresh(sent.generation))
    assert (only.seq, only.is_end) == (1, True)
