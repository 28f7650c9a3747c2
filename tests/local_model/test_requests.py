from __future__ import annotations

from typing import Any

import pytest

from chat.features.local_model.options import CONTEXT_LENGTH
from chat.features.local_model.refused import Refused
from chat.features.local_model.requests import parse_body, parse_chat, parse_generate

MODEL = "smollm2:135m"


def chat_body(**fields: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], **fields}


def test_it_works() -> None:
    call = parse_chat(chat_body())
    assert (call.kind, call.stream, call.idle, call.window) == ("chat", True, "", CONTEXT_LENGTH)
    assert call.options["temperature"] == 0.1
    assert call.options["dry_multiplier"] > 0


def test_it_takes_options() -> None:
    call = parse_chat(chat_body(stream=False, options={"num_predict": 3.9, "temperature": 1, "seed": 7, "num_ctx": 99}))
    assert (call.stream, call.window) == (False, 99)
    assert (call.options["max_tokens"], call.options["temperature"], call.options["seed"]) == (3, 1.0, 7)
    assert parse_chat(chat_body(options={"stop": ["\n"]})).options["stop"][0] == "\n"


def test_it_turns_a_format_into_a_schema() -> None:
    assert parse_chat(chat_body(format="json")).options["json_schema"] == {"type": "object"}
    assert parse_chat(chat_body(format={"type": "array"})).options["json_schema"] == {"type": "array"}
    assert "json_schema" not in parse_chat(chat_body(format="")).options


@pytest.mark.parametrize(
    ("body", "idle"),
    [
        ({"model": MODEL}, "load"),
        ({"model": MODEL, "messages": [], "keep_alive": "5m"}, "load"),
        ({"model": MODEL, "keep_alive": 0}, "unload"),
        ({"model": MODEL, "keep_alive": "0s"}, "unload"),
    ],
)
def test_it_knows_requests_to_load(body: dict[str, Any], idle: str) -> None:
    assert parse_chat(body).idle == idle
    assert parse_generate(body).idle == idle


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"model": ""}, 400, "model is required"),
        ({"model": "nope"}, 404, "model 'nope' not found"),
        ({"tools": [{}]}, 400, f"registry.ollama.ai/library/{MODEL} does not support tools"),
        ({"think": True}, 400, f'"{MODEL}" does not support thinking'),
        ({"think": "hard"}, 400, 'invalid think value: "hard"'),
        ({"keep_alive": "10"}, 400, 'time: missing unit in duration "10"'),
        ({"format": "xml"}, 500, 'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object'),
        ({"options": {"num_predict": "x"}}, 500, 'option "num_predict" must be of type integer'),
        ({"options": {"temperature": True}}, 500, 'option "temperature" must be of type float32'),
        ({"messages": [{"role": "user", "content": []}]}, 400, "json: cannot unmarshal array into Go struct field"),
        ({"messages": [{"role": "user", "content": "", "images": ["aGk="]}]}, 400, "does not support image input"),
        ({"messages": [{"role": "assistant", "content": "a"}] * 2}, 400, "Cannot have 2 or more assistant messages"),
    ],
)
def test_it_rejects_as_ollama_does(fields: dict[str, Any], status: int, text: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_chat(chat_body(**fields))
    assert refusal.value.status == status
    assert text in refusal.value.text


def test_it_allows_think_false_on_any_model() -> None:
    assert parse_chat(chat_body(think=False)).idle == ""


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "missing request body"),
        (b'{"model":', "unexpected EOF"),
        (b"xyz", "invalid character 'x' looking for beginning of value"),
        (b"[1]", "json: cannot unmarshal"),
    ],
)
def test_it_rejects_bodies_that_are_no_json_object(raw: bytes, text: str) -> None:
    with pytest.raises(Refused, match=text) as refusal:
        parse_body(raw)
    assert refusal.value.status == 400


def test_it_ignores_what_follows_the_body() -> None:
    assert parse_body(b' {"model":"m"} garbage') == {"model": "m"}


def test_generate_passes_a_raw_prompt_as_it_is() -> None:
    assert parse_generate({"model": MODEL, "prompt": "Once", "raw": True}).prompt == "Once"
    with pytest.raises(Refused, match="raw mode does not support"):
        parse_generate({"model": MODEL, "prompt": "Once", "raw": True, "system": "s"})


def test_generate_rejects_a_suffix() -> None:
    with pytest.raises(Refused, match="does not support insert"):
        parse_generate({"model": MODEL, "prompt": "a", "suffix": "b"})
