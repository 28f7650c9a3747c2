"""The status line says what an answer is doing and what can be done about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chat.events.answer import AnswerView
from chat.events.types import Retry
from chat.rendering.status import status_line, thinking_line

OPEN = AnswerView("m", "g", "running", "llama3.2", began_at="2026-01-05T09:00:00+00:00")
ENDED = replace(OPEN, state="completed", finish_reason="stop", content="Text")


@pytest.mark.parametrize(
    ("view", "state", "text"),
    [
        (replace(OPEN, state="queued", place=0), "queued", "Next in line"),
        (replace(OPEN, state="queued", place=1), "queued", "Waiting: 1 answer before yours"),
        (replace(OPEN, state="queued", place=4), "queued", "Waiting: 4 answers before yours"),
        (OPEN, "loading", "Starting"),
        (replace(OPEN, phase="loading"), "loading", "Loading the model"),
        (replace(OPEN, phase="tool", phase_text="Searching the web…"), "tool", "Searching the web…"),
        (replace(OPEN, retry=Retry(2, 1.5, "x", "It is busy.")), "retrying", "It is busy. Trying again in 1.5 s (2)."),
        (ENDED, "completed", ""),
        (replace(ENDED, content=""), "completed", "The model answered with nothing"),
        (replace(ENDED, finish_reason="length"), "completed", "The answer reached its length limit"),
        (replace(ENDED, state="stopped", finish_reason="stopped"), "stopped", "Stopped"),
        (replace(ENDED, state="failed", finish_reason="error", error_text="It broke."), "failed", "It broke."),
    ],
)
def test_it_says_what_is_going_on(view: AnswerView, state: str, text: str) -> None:
    line = status_line(view)
    assert (line.state, line.text) == (state, text)
    assert line.is_open == view.is_open


def test_it_counts_from_the_start_while_open() -> None:
    assert status_line(OPEN).since == OPEN.began_at
    assert status_line(ENDED).since == ""


def test_it_offers_what_can_be_done() -> None:
    def offers(view: AnswerView) -> tuple[bool, bool]:
        return status_line(view).retry, status_line(view).go_on

    assert offers(OPEN) == offers(ENDED) == (False, False)
    assert offers(replace(ENDED, finish_reason="length")) == (False, True)
    assert offers(replace(ENDED, state="stopped", finish_reason="stopped")) == (False, True)
    assert offers(replace(ENDED, state="stopped", finish_reason="stopped", content="")) == (True, False)
    assert offers(replace(ENDED, state="failed", finish_reason="error")) == (True, True)


def test_thoughts_have_a_duration_once_they_are_done() -> None:
    assert thinking_line(OPEN).text == ""
    assert thinking_line(replace(OPEN, thinking="Hm")).text == "Thoughts so far"
    assert thinking_line(replace(OPEN, thinking="Hm", thinking_s=12.3)).text == "Thought for 12 s"


def test_it_tells_the_speed_while_writing() -> None:
    writing = replace(OPEN, phase="writing", tokens_per_s=31.4)
    assert status_line(writing).note == "31 tokens/s"
    assert status_line(replace(writing, phase="tool", phase_text="Searching…")).note == ""
    assert status_line(replace(writing, recoveries=1)).note == "picked up after an interruption · 31 tokens/s"
