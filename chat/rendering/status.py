"""What an answer is doing, or how it ended, as the words and buttons of its status line. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from chat.events.answer import AnswerView
from chat.events.types import PhaseName
from chat.rendering.figures import seconds, speed

PHASE_TEXT: dict[PhaseName, str] = {
    "loading": "Loading the model",
    "reading": "Reading your message",
    "thinking": "Thinking",
    "writing": "Writing",
    "tool": "Using a tool",
}


@dataclass(frozen=True, slots=True)
class StatusLine:
    """`state` is one of queued, loading, reading, thinking, writing, tool, retrying, completed, stopped, failed;
    `since` is the ISO time from which the page counts up; `retry` and `go_on` offer Try again and Continue."""

    state: str
    text: str = ""
    note: str = ""
    since: str = ""
    is_open: bool = False
    retry: bool = False
    go_on: bool = False


@dataclass(frozen=True, slots=True)
class ThinkingLine:
    """The line above the thoughts, which are folded."""

    text: str = ""


def status_line(view: AnswerView) -> StatusLine:
    """Return the line for this view; equal views give equal lines, so a page repaints only what changed."""
    if not view.is_open:
        return _ended(view)
    state, text = _doing(view)
    return StatusLine(state, text, _note(view, state), view.began_at, is_open=True)


def thinking_line(view: AnswerView) -> ThinkingLine:
    if not view.thinking:
        return ThinkingLine()
    if view.thinking_s is not None:
        return ThinkingLine(f"Thought for {seconds(view.thinking_s)}")
    return ThinkingLine("Thoughts so far") if view.is_open else ThinkingLine("Thoughts")


def _doing(view: AnswerView) -> tuple[str, str]:
    if view.retry is not None:
        return "retrying", f"{view.retry.text} Trying again in {seconds(view.retry.wait_s)} ({view.retry.attempt})."
    if view.state == "queued":
        return "queued", _place(view.place)
    if view.phase is None:
        return "loading", "Starting"
    return view.phase, view.phase_text or PHASE_TEXT[view.phase]


def _note(view: AnswerView, state: str) -> str:
    notes = ["picked up after an interruption"] if view.recoveries else []
    if state == "writing" and view.tokens_per_s:
        notes.append(speed(view.tokens_per_s))
    return " · ".join(notes)


def _place(place: int | None) -> str:
    if not place:
        return "Next in line"
    return "Waiting: 1 answer before yours" if place == 1 else f"Waiting: {place} answers before yours"


def _ended(view: AnswerView) -> StatusLine:
    return StatusLine(view.state, _outcome(view), retry=_may_retry(view), go_on=view.can_continue)


def _outcome(view: AnswerView) -> str:
    if view.state == "failed":
        return view.error_text or "The answer could not be finished."
    if view.state == "stopped":
        return "Stopped" if view.content else "Stopped before the first word"
    if view.finish_reason == "length":
        return "The answer reached its length limit"
    return "" if view.content else "The model answered with nothing"


def _may_retry(view: AnswerView) -> bool:
    return view.can_retry or (view.state == "stopped" and not view.content)
