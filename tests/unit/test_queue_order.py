"""Who is next: fair among users, in order for each, one at a time in a chat."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from chat.queries.queue import Waiting, fair_order, first_of_each_chat


def one(id_: int, user: int, chat: int = 0) -> Waiting:
    return Waiting(id_, user, chat or 1_000 + id_, "sim")


@st.composite
def queues(draw: st.DrawFn) -> list[Waiting]:
    rows = draw(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), max_size=30))
    return [one(id_, user, user * 10 + chat) for id_, (user, chat) in enumerate(rows, 1)]


@st.composite
def busy(draw: st.DrawFn) -> list[Waiting]:
    users = draw(st.lists(st.integers(1, 5), max_size=8))
    return [one(500 + i, user) for i, user in enumerate(users)]


def test_it_works() -> None:
    greedy = [one(id_, 1) for id_ in range(1, 6)]
    assert [w.id for w in fair_order([*greedy, one(6, 2)], [])] == [1, 6, 2, 3, 4, 5]


def test_who_has_one_running_comes_after_who_has_none() -> None:
    assert [w.id for w in fair_order([one(1, 1), one(2, 2)], [one(9, 1)])] == [2, 1]


def test_of_several_the_one_whose_turn_was_longest_ago() -> None:
    waiting = [one(1, 1), one(2, 1), one(3, 2), one(4, 3)]
    assert [w.id for w in fair_order(waiting, [], served=[2, 1])] == [4, 3, 1, 2]
    assert [w.id for w in fair_order(waiting, [one(9, 3)], served=[1, 2])] == [1, 3, 4, 2]


@given(queues())
def test_one_slot_goes_round(waiting: list[Waiting]) -> None:
    """Taking one at a time, with nothing running in between, gives the order that was foretold."""
    foretold, taken, served = fair_order(waiting, []), [], []
    while left := [w for w in waiting if w not in taken]:
        taken.append(fair_order(left, [], served)[0])
        served = [user for user in served if user != taken[-1].user_id] + [taken[-1].user_id]
    assert taken == foretold


@given(queues(), busy())
def test_everybody_gets_a_turn(waiting: list[Waiting], running: list[Waiting]) -> None:
    order = fair_order(waiting, running)
    assert Counter(order) == Counter(waiting)


@given(queues(), busy())
def test_a_users_own_order_is_kept(waiting: list[Waiting], running: list[Waiting]) -> None:
    for user in {w.user_id for w in waiting}:
        own = [w.id for w in fair_order(waiting, running) if w.user_id == user]
        assert own == sorted(own)


@given(queues(), busy())
def test_each_turn_goes_to_the_user_with_the_fewest(waiting: list[Waiting], running: list[Waiting]) -> None:
    load = Counter(w.user_id for w in running)
    order = fair_order(waiting, running)
    for turn, taken in enumerate(order):
        still = {w.user_id for w in order[turn:]}
        assert load[taken.user_id] == min(load[user] for user in still)
        load[taken.user_id] += 1


@given(queues())
def test_nobody_waits_longer_than_a_turn_of_each_other_user(waiting: list[Waiting]) -> None:
    order = fair_order(waiting, [])
    users = {w.user_id for w in waiting}
    for user in users:
        turns = [i for i, w in enumerate(order) if w.user_id == user]
        assert all(i < (n + 1) * len(users) for n, i in enumerate(turns))


@given(queues(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(waiting: list[Waiting], random: Random) -> None:
    shuffled = list(waiting)
    random.shuffle(shuffled)
    assert fair_order(shuffled, []) == fair_order(waiting, [])


@given(queues(), st.sets(st.integers(10, 55)))
def test_one_of_each_chat_that_is_free(waiting: list[Waiting], taken: set[int]) -> None:
    order = fair_order(waiting, [])
    free = first_of_each_chat(order, taken)
    chats = [w.chat_session_id for w in free]
    assert len(chats) == len(set(chats)) and not taken & set(chats)
    assert set(chats) == {w.chat_session_id for w in order} - taken
    for w in free:
        assert w == next(other for other in order if other.chat_session_id == w.chat_session_id)
