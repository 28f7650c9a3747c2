"""The simulated server refuses what Ollama refuses, in its words."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.ollama_sim import OllamaSim
from tests.ollama_sim.validate import keep_alive_s

HI = [{"role": "user", "content": "Hi"}]


async def chat(ollama: OllamaSim, body: Any) -> tuple[int, str]:
    content = body if isinstance(body, bytes) else json.dumps({"stream": False, **body}).encode()
    async with httpx.AsyncClient(base_url=ollama.url) as client:
        response = await client.post("/api/chat", content=content)
    return response.status_code, response.json().get("error", "")


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"", 400, "missing request body"),
        (b"x", 400, "invalid character 'x' looking for beginning of value"),
        (b'{"model":"si', 400, "unexpected EOF"),
        (b"[]", 400, "json: cannot unmarshal array into Go value of type api.ChatRequest"),
        ({"messages": HI}, 400, "model is required"),
        ({"model": "nope", "messages": HI}, 404, "model 'nope' not found"),
        (
            {"model": "sim", "messages": [{"role": "user", "content": [{"type": "text"}]}]},
            400,
            "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string",
        ),
        (
            {"model": "sim-vision", "messages": [{**HI[0], "images": ["data:image/png;base64,AAAA"]}]},
            400,
            "illegal base64 data at input byte 4",
        ),
        (
            {"model": "sim", "messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": "{}"}}]}]},
            400,
            "Value looks like object, but can't find closing '}' symbol",
        ),
        ({"model": "sim", "messages": HI, "think": True}, 400, '"sim" does not support thinking'),
        ({"model": "sim", "messages": HI, "think": "deep"}, 400, 'invalid think value: "deep" (must be'),
        (
            {"model": "sim-vision", "messages": HI, "tools": [{}]},
            400,
            "sim-vision:latest does not support tools",
        ),
        ({"model": "sim-embed", "messages": HI}, 400, '"sim-embed" does not support chat'),
        ({"model": "sim", "messages": HI, "keep_alive": "10"}, 400, 'time: missing unit in duration "10"'),
        ({"model": "sim", "messages": HI, "top_logprobs": 21}, 400, "top_logprobs must be between 0 and 20"),
        (
            {"model": "sim", "messages": HI, "options": {"num_predict": "x"}},
            500,
            'option "num_predict" must be of',
        ),
        ({"model": "sim", "messages": HI, "format": "xml"}, 500, 'invalid format: "\\"xml\\""; expected "json"'),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_it_refuses(ollama: OllamaSim, body: Any, status: int, text: str) -> None:
    said = await chat(ollama, body)
    assert said[0] == status and text in said[1]


@pytest.mark.parametrize(
    "more",
    [
        {"options": {"mirostat": 2, "num_ctx": 2048.7, "seed": None}},
        {"format": None},
        {"format": {"type": "object"}},
        {"keep_alive": "1h30m"},
        {"novel": [1]},
        {"think": False},
        {"messages": [*HI, {"role": "tool", "content": None}]},
    ],
    ids=str,
)
async def test_it_takes(ollama: OllamaSim, more: dict[str, Any]) -> None:
    assert await chat(ollama, {"model": "sim", "messages": HI, **more}) == (200, "")


async def test_it_reads_only_the_first_value(ollama: OllamaSim) -> None:
    assert (await chat(ollama, json.dumps({"model": "sim", "messages": HI}).encode() + b" trailing")) != (400, "")


async def test_it_cuts_at_num_predict(ollama: OllamaSim) -> None:
    async with httpx.AsyncClient(base_url=ollama.url) as client:
        body = {"model": "sim", "messages": HI, "stream": False, "options": {"num_predict": 2}}
        said = (await client.post("/api/chat", json=body)).json()
    assert said["done_reason"] == "length" and said["eval_count"] == 2


@pytest.mark.parametrize(("overflow", "status"), [("truncate", 200), ("reject", 400)])
async def test_it_overflows_as_told(ollama: OllamaSim, overflow: str, status: int) -> None:
    ollama.overflow = overflow
    body = {"model": "sim", "messages": [{"role": "user", "content": "long " * 20_000}], "stream": False}
    async with httpx.AsyncClient(base_url=ollama.url) as client:
        response = await client.post("/api/chat", json=body)
    assert response.status_code == status
    said = response.json()
    if status == 200:
        assert said["prompt_eval_count"] == 2050
    else:
        assert json.loads(said["error"])["error"]["type"] == "exceed_context_size_error"


@pytest.mark.parametrize(("mode", "shown"), [("continue", "lo"), ("restart", "hello"), ("reject", "")])
async def test_it_continues_as_told(ollama: OllamaSim, mode: str, shown: str) -> None:
    ollama.prefill = mode
    messages = [{"role": "user", "content": "repeat: hello"}, {"role": "assistant", "content": "hel"}]
    async with httpx.AsyncClient(base_url=ollama.url) as client:
        said = (await client.post("/api/chat", json={"model": "sim", "messages": messages, "stream": False})).json()
    assert said.get("message", {}).get("content", "") == shown


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, 300), (5, 5), ("0", 0), ("-1m", -60), ("1h30m", 5400), ("1.5s", 1.5)]
)
def test_it_reads_durations(given: Any, seconds: float) -> None:
    assert keep_alive_s(given) == seconds
