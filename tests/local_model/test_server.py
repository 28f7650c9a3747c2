"""The wire, with a scripted engine: framing, statuses, queue, and clients that leave."""

from __future__ import annotations

import json
import re
import select
import socket
import threading
import time
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest

from chat.features.local_model.engine import Emit
from chat.features.local_model.refused import Refused
from chat.features.local_model.replies import Finish
from chat.features.local_model.server import ModelServer
from tests.local_model.conftest import PATIENCE_S, ScriptedEngine

QUESTION = {"model": "smollm2:135m", "messages": [{"role": "user", "content": "Hi"}]}


def request(served: ModelServer, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", served.server_address[1], timeout=PATIENCE_S)
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


def raw_post(served: ModelServer, body: Any) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", served.server_address[1]), timeout=PATIENCE_S)
    content = json.dumps(body).encode()
    client.sendall(b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
    return client


def test_it_streams_one_chunk_a_line(served: ModelServer, engine: ScriptedEngine) -> None:
    def script(emit: Emit) -> Finish:
        for text in ("", "Hel", "lo é <b>\u2028"):
            emit(text)
        return Finish("stop", prompt_tokens=3, completion_tokens=2, prompt_ns=5, completion_ns=0)

    engine.script = script
    with raw_post(served, QUESTION) as client:
        response = HTTPResponse(client)
        response.begin()
        assert response.headers["Content-Type"] == "application/x-ndjson"
        assert response.headers["Transfer-Encoding"] == "chunked"
        chunks = [response.read1() for _ in range(3)]
        assert response.read() == b""
    assert all(chunk.endswith(b"\n") and chunk.count(b"\n") == 1 for chunk in chunks)
    assert "lo é \\u003cb\\u003e\\u2028".encode() in chunks[1]
    lines = [json.loads(chunk) for chunk in chunks]
    assert [line["message"]["content"] for line in lines] == ["Hel", "lo é <b>\u2028", ""]
    assert [line["done"] for line in lines] == [False, False, True]
    assert list(lines[2])[:5] == ["model", "created_at", "message", "done", "done_reason"]
    assert lines[2]["prompt_eval_count"] == 3
    assert "eval_duration" not in lines[2]


def test_it_answers_whole_without_a_stream(served: ModelServer, engine: ScriptedEngine) -> None:
    def script(emit: Emit) -> Finish:
        emit("Hel")
        emit("lo")
        return Finish("length")

    engine.script = script
    status, content = request(served, "POST", "/api/chat", {**QUESTION, "stream": False})
    answer = json.loads(content)
    assert (status, answer["message"]["content"], answer["done_reason"]) == (200, "Hello", "length")
    status, content = request(served, "POST", "/api/generate", {"model": QUESTION["model"], "prompt": "Hi"})
    assert [json.loads(line)["response"] for line in content.splitlines()] == ["Hel", "lo", ""]


@pytest.mark.parametrize(
    ("method", "path", "status", "content"),
    [
        ("GET", "/", 200, b"Ollama is running"),
        ("HEAD", "/", 200, b""),
        ("GET", "/nope", 404, b"404 page not found"),
        ("POST", "/nope", 404, b"404 page not found"),
        ("GET", "/api/chat", 405, b"405 method not allowed"),
        ("POST", "/api/tags", 405, b"405 method not allowed"),
    ],
)
def test_it_knows_its_addresses(served: ModelServer, method: str, path: str, status: int, content: bytes) -> None:
    assert request(served, method, path, {} if method == "POST" else None) == (status, content)


def test_it_says_what_the_model_is(served: ModelServer) -> None:
    tags, ps, show = (
        json.loads(request(served, *asked)[1])
        for asked in (("GET", "/api/tags"), ("GET", "/api/ps"), ("POST", "/api/show", {"model": QUESTION["model"]}))
    )
    assert tags["models"][0]["capabilities"] == show["capabilities"] == ["completion"]
    assert tags["models"][0]["details"]["context_length"] == ps["models"][0]["context_length"] == 8192
    assert show["model_info"]["llama.context_length"] == 8192
    assert request(served, "POST", "/api/show", {"model": "nope"})[0] == 404


def test_it_answers_a_request_to_load_with_one_object(served: ModelServer) -> None:
    status, content = request(served, "POST", "/api/chat", {"model": QUESTION["model"]})
    assert status == 200
    assert not content.endswith(b"\n")
    assert json.loads(content)["done_reason"] == "load"


def test_it_gives_an_error_before_the_first_line_its_status(served: ModelServer, engine: ScriptedEngine) -> None:
    def script(emit: Emit) -> Finish:
        raise Refused(400, "too long")

    engine.script = script
    assert request(served, "POST", "/api/chat", QUESTION) == (400, b'{"error":"too long"}')


def test_it_ends_a_broken_stream_with_an_error_line(served: ModelServer, engine: ScriptedEngine) -> None:
    def script(emit: Emit) -> Finish:
        emit("Par")
        raise Refused(500, "unexpected EOF")

    engine.script = script
    status, content = request(served, "POST", "/api/chat", QUESTION)
    last = json.loads(content.splitlines()[-1])
    assert (status, last) == (200, {"error": "an error was encountered while running the model: unexpected EOF"})


def test_a_client_that_leaves_frees_the_engine(served: ModelServer, engine: ScriptedEngine) -> None:
    def script(emit: Emit) -> Finish:
        while True:
            emit("on and on")

    engine.script = script
    with raw_post(served, QUESTION) as client:
        assert client.recv(1)
    assert engine.ended.acquire(timeout=PATIENCE_S)


def test_a_client_that_leaves_before_the_first_word_frees_the_engine(
    served: ModelServer, engine: ScriptedEngine
) -> None:
    def script(emit: Emit) -> Finish:
        while True:
            emit("")

    engine.script = script
    with raw_post(served, QUESTION):
        assert engine.begun.acquire(timeout=PATIENCE_S)
    assert engine.ended.acquire(timeout=PATIENCE_S)


def test_it_queues_and_refuses_when_the_queue_is_full(served: ModelServer, engine: ScriptedEngine) -> None:
    go_on = threading.Event()

    def script(emit: Emit) -> Finish:
        go_on.wait(PATIENCE_S)
        return Finish("stop")

    engine.script = script
    running = [raw_post(served, QUESTION) for _ in range(2)]
    for _ in running:
        assert engine.begun.acquire(timeout=PATIENCE_S)
    # Two run and one may wait. Of two more, one is refused at once, whichever comes first.
    others = [raw_post(served, QUESTION) for _ in range(2)]
    refused = read_first_of(others)
    assert refused.startswith(b"HTTP/1.1 503")
    assert b"server busy, please try again.  maximum pending requests exceeded" in refused
    go_on.set()
    assert engine.begun.acquire(timeout=PATIENCE_S)
    for client in (*running, *others):
        client.close()


def read_first_of(clients: list[socket.socket]) -> bytes:
    """Return the whole answer of the client that gets one first; head and body may come apart."""
    readable, _, _ = select.select(clients, [], [], PATIENCE_S)
    answer = b""
    while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < length_of(answer):
        answer += readable[0].recv(65536)
    return answer


def length_of(answer: bytes) -> int:
    found = re.search(rb"Content-Length: (\d+)", answer)
    assert found is not None
    return int(found[1])


def test_a_waiting_client_that_leaves_loses_its_place(served: ModelServer, engine: ScriptedEngine) -> None:
    go_on = threading.Event()

    def script(emit: Emit) -> Finish:
        go_on.wait(PATIENCE_S)
        return Finish("stop")

    engine.script = script
    running = [raw_post(served, QUESTION) for _ in range(2)]
    for _ in running:
        assert engine.begun.acquire(timeout=PATIENCE_S)
    leaver, other = raw_post(served, QUESTION), raw_post(served, QUESTION)
    assert read_first_of([leaver, other]).startswith(b"HTTP/1.1 503")
    leaver.close()
    other.close()
    deadline = time.monotonic() + PATIENCE_S
    while served.slots.waiting:  # nothing tells when the server has noticed
        assert time.monotonic() < deadline
        time.sleep(0.01)
    go_on.set()
    for client in running:
        client.close()
    for _ in running:
        assert engine.ended.acquire(timeout=PATIENCE_S)
    assert request(served, "POST", "/api/chat", QUESTION)[0] == 200
    assert len(engine.prompts) == 3


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_it_refuses_other_sites(served: ModelServer, headers: dict[str, str]) -> None:
    assert request(served, "GET", "/api/tags", None, **headers) == (403, b"")
    assert request(served, "POST", "/api/chat", QUESTION, **headers) == (403, b"")


def test_it_serves_two_requests_on_one_connection(served: ModelServer) -> None:
    connection = HTTPConnection("127.0.0.1", served.server_address[1], timeout=PATIENCE_S)
    for path in ("/api/version", "/api/version"):
        connection.request("GET", path)
        assert b"smail-demo" in connection.getresponse().read()
    connection.close()
