"""Events as JSON: round trips, and calm about what a newer version says."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.events import types as t

AT = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)

EXAMPLES: list[t.Payload] = [
    t.Started(1, "sim", "ollama"),
    t.Phase("reading", "Reading the chat"),
    t.Thinking("hm"),
    t.Content('an "é\u2028" 👍'),
    t.ToolStart("c1", "search", {"q": ["x", {"y": None}]}, "Searching…"),
    t.ToolEnd("c1", False, "nothing found", 12),
    t.Retry(1, 0.5, "server_busy", "Busy."),
    t.Recovered(2, "worker_lost"),
    t.Replace("whole", ""),
    t.Usage(1, 2, 3.5, None, 4096),
    t.Error("model_failed", "It broke.", True),
    t.End("completed", "stop", "m" * 22),
]


def test_every_type_has_an_example_here() -> None:
    assert {type(example) for example in EXAMPLES} == set(t.PAYLOADS.values())


@pytest.mark.parametrize("payload", EXAMPLES, ids=lambda payload: payload.type)
def test_it_survives_json(payload: t.Payload) -> None:
    assert t.decode(payload.type, json.loads(json.dumps(t.encode(payload)))) == payload


@pytest.mark.parametrize("payload", EXAMPLES, ids=lambda payload: payload.type)
def test_programs_get_type_number_time_and_fields(payload: t.Payload) -> None:
    said = t.Event(7, AT, payload, epoch=3).to_json()
    assert (said["type"], said["seq"], said["at"]) == (payload.type, 7, "2026-01-02T03:04:05.678Z")
    assert said.keys() == {"type", "seq", "at"} | {field.name for field in fields(payload)}
    assert json.loads(json.dumps(said)) == said


@given(st.text())
def test_text_survives_json(chunk: str) -> None:
    assert t.decode("content", json.loads(json.dumps(t.encode(t.Content(chunk))))) == t.Content(chunk)


@pytest.mark.parametrize(
    ("type_", "data"),
    [("hologram", {"x": 1}), ("", {}), ("content", {"chunk": "x", "colour": "red"}), ("content", {}), ("end", {})],
)
def test_what_it_does_not_know_is_nothing(type_: str, data: dict[str, object]) -> None:
    assert t.decode(type_, data) is None


def test_the_epoch_is_nobodys_business() -> None:
    event = t.Event(1, AT, t.Content("x"), epoch=5)
    assert "epoch" not in event.to_json() and event == t.Event(1, AT, t.Content("x"), epoch=6)


def test_only_the_end_is_the_end() -> None:
    ends = [payload.type for payload in EXAMPLES if t.Event(1, AT, payload).is_end]
    assert ends == ["end"]
