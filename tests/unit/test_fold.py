"""Folding events: the same answer whatever the cut, and never over a hole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.events import types as t
from chat.events.fold import Fold, Gap, fold

BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

texts = st.text(max_size=8)
payloads = st.one_of(
    st.builds(t.Content, chunk=texts),
    st.builds(t.Thinking, chunk=texts),
    st.builds(t.Replace, content=texts, thinking=texts),
    st.builds(t.Phase, phase=st.sampled_from(["reading", "writing"]), text=texts),
    st.builds(t.Recovered, epoch=st.just(2), reason=st.just("worker_lost")),
    st.builds(t.Retry, attempt=st.just(1), wait_s=st.just(0.5), code=st.just("server_busy"), text=texts),
)


def log(*said: t.Payload) -> list[t.Event]:
    """Return the payloads as a log, one second apart."""
    return [t.Event(i + 1, BEGIN + timedelta(seconds=i), payload) for i, payload in enumerate(said)]


def shown(payloads: Sequence[t.Payload]) -> tuple[str, str]:
    """Return content and thinking by the plainest definition there is."""
    content = thinking = ""
    for payload in payloads:
        match payload:
            case t.Content(chunk):
                content += chunk
            case t.Thinking(chunk):
                thinking += chunk
            case t.Replace(whole, thoughts):
                content, thinking = whole, thoughts
            case _:
                continue
    return content, thinking


def test_it_works() -> None:
    said = fold(log(t.Started(1, "sim", "ollama"), t.Content("Hel"), t.Content("lo"), t.End("completed", "stop", "m")))
    assert (said.content, said.covers, said.started_at) == ("Hello", 4, BEGIN)
    assert said.end is not None and said.ended_at == BEGIN + timedelta(seconds=3)


@given(st.lists(payloads, max_size=30))
def test_it_shows_the_text_that_was_said(said: list[t.Payload]) -> None:
    found = fold(log(*said))
    assert (found.content, found.thinking) == shown(said)
    assert found.content_chars == len(found.content)


@given(st.lists(payloads, max_size=30), st.data())
def test_asking_in_the_middle_changes_nothing(said: list[t.Payload], data: st.DataObject) -> None:
    events = log(*said)
    cut = data.draw(st.integers(0, len(events)))
    halves = fold(events[:cut])
    _ = halves.content, halves.thinking, halves.thinking_s
    halves.apply_all(events[cut:])
    whole = fold(events)
    assert (halves.content, halves.thinking, halves.covers) == (whole.content, whole.thinking, whole.covers)
    assert (halves.retry, halves.phase, halves.recoveries) == (whole.retry, whole.phase, whole.recoveries)


@pytest.mark.parametrize("seq", [1, 2, 4, 400])
def test_it_rejects_every_event_but_the_next(seq: int) -> None:
    two = fold(log(t.Content("a"), t.Content("b")))
    with pytest.raises(Gap):
        two.apply(t.Event(seq, BEGIN, t.Content("c")))
    assert (two.content, two.covers) == ("ab", 2)


def test_it_may_begin_where_another_fold_ended() -> None:
    later = Fold(covers=7).apply_all([t.Event(8, BEGIN, t.Content("x"))])
    assert later.covers == 8


def test_thinking_lasts_until_the_first_word() -> None:
    thought = fold(log(t.Thinking("hm"), t.Thinking("m")))
    assert thought.thinking_s is None
    thought.apply_all(t.Event(e.seq + 2, e.at + timedelta(seconds=2), e.payload) for e in log(t.Content("Yes")))
    assert thought.thinking_s == 2.0


def test_thinking_without_a_word_lasts_until_the_end() -> None:
    assert fold(log(t.Thinking("hm"), t.End("stopped", "stopped", "m"))).thinking_s == 1.0


@pytest.mark.parametrize(
    "next_one",
    [
        t.Started(1, "sim", "s"),
        t.Phase("reading", "Reading"),
        t.Content("x"),
        t.Thinking("x"),
        t.Recovered(2, "worker_lost"),
    ],
)
def test_a_retry_is_shown_until_something_happens(next_one: t.Payload) -> None:
    retry = t.Retry(1, 0.5, "server_busy", "Busy.")
    assert fold(log(retry)).retry == retry
    assert fold(log(retry, next_one)).retry is None
    assert fold(log(retry, next_one)).retries == 1


def test_tools_are_folded_by_call() -> None:
    start = t.ToolStart("c1", "search", {"q": "x"}, "Searching…")
    running = fold(log(start, t.ToolStart("c2", "clock", {}, "Looking")))
    assert [use.ok for use in running.tools.values()] == [None, None]
    done = fold(log(start, t.ToolEnd("c1", True, "3 hits", 12), t.ToolEnd("never begun", True, "", 1)))
    assert [(use.call, use.ok, use.summary, use.duration_ms) for use in done.tools.values()] == [
        (start, True, "3 hits", 12)
    ]


def test_the_last_usage_and_error_count() -> None:
    first, second = t.Usage(None, 1, None, None, None), t.Usage(9, 2, 8.0, 11, 4096)
    error = t.Error("model_failed", "It broke.", True)
    found = fold(log(first, second, error))
    assert (found.usage, found.error) == (second, error)
