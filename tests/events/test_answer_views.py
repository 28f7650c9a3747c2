"""An answer looks the same folded from its log as read from its rows."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from chat.actions.again import continue_answer, retry
from chat.actions.finish import end_unowned
from chat.actions.send import Sent
from chat.events import types as t
from chat.events.answer import AnswerView, view_of_fold, view_of_rows
from chat.events.append import Outcome
from chat.events.read import fold_log
from chat.models import Generation
from chat.queries.branch import answer_view
from tests.road import COMPLETED, STOPPED, answered, claim, fresh, say, write

pytestmark = pytest.mark.django_db

STARTED = t.Started(1, "sim", "ollama")
FAILED = Outcome("failed", "error", "server_unreachable", "The model server cannot be reached.")
ERROR = t.Error("server_unreachable", "The model server cannot be reached.", True)
INTERNAL = Outcome("failed", "error", "internal", "Something.")
TOOL = t.ToolStart("c", "clock", {}, "Looking")

CASES: dict[str, tuple[list[t.Payload], Outcome]] = {
    "completed": ([STARTED, t.Phase("writing", "Writing"), t.Content("Yes")], COMPLETED),
    "nothing": ([STARTED], COMPLETED),
    "thinking": ([STARTED, t.Thinking("hm"), t.Content("Yes"), t.Usage(1, 2, 3.0, 3, 4096)], COMPLETED),
    "only thoughts": ([STARTED, t.Thinking("hm")], STOPPED),
    "length": ([STARTED, t.Content("Yes and")], Outcome("completed", "length")),
    "stopped": ([STARTED, t.Content("Ye")], STOPPED),
    "stopped before it began": ([], STOPPED),
    "failed": ([STARTED, t.Content("Ye"), ERROR], FAILED),
    "failed at once": ([ERROR], FAILED),
    "failed by a defect": ([STARTED, t.Error("internal", "Something.", False)], INTERNAL),
    "retried": ([STARTED, t.Retry(1, 0.1, "server_busy", "Busy."), t.Content("Yes")], COMPLETED),
    "recovered": ([STARTED, t.Content("Y"), t.Recovered(2, "worker_lost"), t.Content("es")], COMPLETED),
    "replaced": ([STARTED, t.Content("No"), t.Replace("", ""), t.Content("Yes")], COMPLETED),
    "tools": ([STARTED, TOOL, t.ToolEnd("c", True, "noon", 3), t.Content("Noon")], COMPLETED),
}  # fmt: skip


def both(sent: Sent, before: Generation) -> tuple[AnswerView, AnswerView]:
    """Return the view of one who has followed since before the first event, and of one who comes now."""
    row = fresh(sent.generation)
    return view_of_fold(before.message, before, fold_log(row.pk)), view_of_rows(row.message, row)


@pytest.mark.parametrize(("said", "outcome"), CASES.values(), ids=CASES.keys())
def test_it_works(owner: User, said: list[t.Payload], outcome: Outcome) -> None:
    sent = say(owner)
    before = fresh(sent.generation)
    claim(sent)
    write(sent, *said, outcome=outcome)
    followed, reloaded = both(sent, before)
    assert followed == reloaded == answer_view(sent.answer)
    assert not reloaded.is_open and reloaded.seq == len(said) + 1


def test_a_model_chosen_by_the_server_is_named(owner: User) -> None:
    sent = say(owner, model="")
    before = fresh(sent.generation)
    assert before.model == ""
    claim(sent)
    Generation.objects.update(model="sim:latest")
    write(sent, t.Started(1, "sim:latest", "ollama"), outcome=COMPLETED)
    followed, reloaded = both(sent, before)
    assert followed == reloaded and reloaded.model == "sim:latest"


def test_stopped_in_the_queue(owner: User) -> None:
    sent = say(owner)
    before = fresh(sent.generation)
    end_unowned(sent.generation, STOPPED)
    followed, reloaded = both(sent, before)
    assert followed == reloaded and followed.began_at == "" and followed.total_s is None


@pytest.mark.parametrize("action", [continue_answer, retry])
@pytest.mark.parametrize("begins", [True, False], ids=["begins", "stopped in the queue"])
def test_a_second_generation_of_the_answer(owner: User, action, begins: bool) -> None:
    sent = answered(owner, "Once upon ", outcome=STOPPED)
    generation = action(answer=sent.answer)
    before = fresh(generation)
    if begins:
        again = Sent(sent.chat_session, sent.prompt, sent.answer, generation, created=True)
        claim(again)
        write(again, STARTED, t.Content("a time"), outcome=COMPLETED)
    else:
        end_unowned(before, STOPPED)
    row = fresh(generation)
    followed = view_of_fold(before.message, before, fold_log(row.pk))
    assert followed == view_of_rows(row.message, row)
    assert followed.content == ("Once upon a time" if begins else "Once upon ")


@pytest.mark.parametrize("action", [continue_answer, retry])
def test_its_text_is_shown_while_it_waits(owner: User, action) -> None:
    sent = answered(owner, "Once upon ", outcome=STOPPED)
    action(answer=sent.answer)
    view = answer_view(sent.answer)
    assert (view.state, view.content, view.is_open) == ("queued", "Once upon ", True)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([p for said, _ in CASES.values() for p in said]), max_size=12),
    st.sampled_from([COMPLETED, STOPPED]),
)
def test_any_events(owner: User, said: list[t.Payload], outcome: Outcome) -> None:
    said = [payload for payload in said if not isinstance(payload, t.Error)]  # an error ends in `failed`
    sent = say(owner)
    before = fresh(sent.generation)
    claim(sent)
    write(sent, *said, outcome=outcome)
    followed, reloaded = both(sent, before)
    assert followed == reloaded
    sent.chat_session.delete()


def test_an_open_answer_says_what_it_is_doing(owner: User) -> None:
    sent = say(owner)
    assert (answer_view(sent.answer).state, answer_view(sent.answer).place) == ("queued", 0)
    claim(sent)
    write(sent, STARTED, t.Phase("loading", "Loading the model"))
    view = answer_view(sent.answer)
    assert (view.state, view.phase, view.place, view.began_at != "") == ("running", "loading", None, True)


@pytest.mark.parametrize(
    ("outcome", "chunks", "can_continue", "can_retry"),
    [
        (COMPLETED, ["x"], False, False),
        (Outcome("completed", "length"), ["x"], True, False),
        (STOPPED, ["x"], True, False),
        (STOPPED, [], False, False),
        (FAILED, ["x"], True, True),
        (FAILED, [], False, True),
    ],
)
def test_what_may_follow(owner: User, outcome: Outcome, chunks: list[str], can_continue: bool, can_retry: bool) -> None:
    view = answer_view(answered(owner, *chunks, outcome=outcome).answer)
    assert (view.can_continue, view.can_retry) == (can_continue, can_retry)
