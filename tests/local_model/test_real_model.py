"""The real model in its own process, asked by the official client. Not tested is how wise its words are."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from ollama import Client, ResponseError

from chat.providers.demo import DEMO_MODEL, is_demo
from tests.local_model.conftest import PATIENCE_S, running_model

FRANCE = [{"role": "user", "content": "What is the capital of France?"}]
EXACT = {"temperature": 0, "num_predict": 12}


@pytest.fixture
def client(model_url: str) -> Iterator[Client]:
    with Client(host=model_url, timeout=PATIENCE_S) as client:
        yield client


def test_it_streams_an_answer(client: Client) -> None:
    lines = list(client.chat(DEMO_MODEL, FRANCE, stream=True, options=EXACT))
    assert "Paris" in "".join(line.message.content or "" for line in lines)
    assert len(lines) > 3
    last = lines[-1]
    assert (last.done, last.done_reason) == (True, "stop")
    assert last.prompt_eval_count and last.eval_count and last.total_duration and last.load_duration


def test_it_continues_a_started_answer_with_the_new_text_only(client: Client) -> None:
    started = [*FRANCE, {"role": "assistant", "content": "The capital of France is"}]
    answer = client.chat(DEMO_MODEL, started, options=EXACT)
    assert (answer.message.content or "").startswith(" Paris")


def test_it_stops_at_num_predict_and_at_stop_strings(client: Client) -> None:
    cut = client.chat(DEMO_MODEL, FRANCE, options={**EXACT, "num_predict": 2})
    assert (cut.done_reason, cut.eval_count) == ("length", 2)
    stopped = client.chat(DEMO_MODEL, FRANCE, options={**EXACT, "stop": ["Paris"]})
    assert stopped.done_reason == "stop"
    assert "Paris" not in (stopped.message.content or "")


def test_it_keeps_to_a_schema(client: Client) -> None:
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    schema["additionalProperties"] = False
    question = [{"role": "user", "content": "Bob is 5 years old. Give his age as JSON."}]
    answer = client.chat(DEMO_MODEL, question, format=schema, options={"temperature": 0, "num_predict": 60})
    assert isinstance(json.loads(answer.message.content or "")["age"], int)


def test_it_generates(client: Client) -> None:
    raw = client.generate(DEMO_MODEL, "The capital of France is", raw=True, options={**EXACT, "num_predict": 3})
    assert raw.response
    assert "".join(line.response for line in client.generate(DEMO_MODEL, "Hi!", stream=True, options=EXACT))


def test_it_refuses_a_prompt_over_its_window(client: Client) -> None:
    with pytest.raises(ResponseError) as refusal:
        client.chat(DEMO_MODEL, [{"role": "user", "content": "hello " * 9000}])
    inner = json.loads(refusal.value.error)["error"]
    assert refusal.value.status_code == 400
    assert inner["type"] == "exceed_context_size_error"
    assert inner["n_prompt_tokens"] > inner["n_ctx"] == 8192
    with pytest.raises(ResponseError, match="exceeds the available context size"):
        client.chat(DEMO_MODEL, FRANCE, options={"num_ctx": 16})


def test_it_says_what_it_is(client: Client, model_url: str) -> None:
    (model,) = client.list().models
    assert (model.model, model.size) == (DEMO_MODEL, 98_362_432)
    assert client.show(DEMO_MODEL).capabilities == ["completion"]
    assert client.ps().models[0].context_length == 8192
    connection = HTTPConnection(urlsplit(model_url).netloc, timeout=PATIENCE_S)
    connection.request("GET", "/api/version")
    assert is_demo(json.loads(connection.getresponse().read())["version"])
    connection.close()


def test_a_client_that_leaves_frees_its_place(model_url: str, client: Client) -> None:
    address = urlsplit(model_url)
    for _ in range(4):  # more than there are slots: each must have been given back
        with socket.create_connection((address.hostname, address.port or 0), timeout=PATIENCE_S) as leaver:
            long = {"model": DEMO_MODEL, "messages": FRANCE, "format": {"type": "array", "minItems": 2000}}
            body = json.dumps({**long, "options": {"num_predict": -1}}).encode()
            head = f"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
            leaver.sendall(head.encode() + body)
            assert leaver.recv(1)
    assert client.chat(DEMO_MODEL, FRANCE, options={"num_predict": 1}).done


def test_it_ends_at_once_on_sigterm() -> None:
    with running_model() as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_it_ends_when_its_input_closes() -> None:
    with running_model("--exit-with-input", stdin=subprocess.PIPE) as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0
