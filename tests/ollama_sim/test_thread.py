"""The same server from synchronous code: in a thread, and as a process."""

from __future__ import annotations

import subprocess
import sys
import threading

import httpx

from tests.ollama_sim import Hang, OllamaSimThread, Wait, reply

HI = {"model": "sim", "messages": [{"role": "user", "content": "repeat: there"}]}


def test_it_works(ollama_thread: OllamaSimThread) -> None:
    text = httpx.post(f"{ollama_thread.url}/api/chat", json=HI).text
    assert "there" in text and ollama_thread.finished == 1 and ollama_thread.requests[0].json["model"] == "sim"


def test_it_opens_gates_from_outside(ollama_thread: OllamaSimThread) -> None:
    ollama_thread.set(slots=2)
    ollama_thread.script(reply("a", Wait("go"), "b"))
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(httpx.post(f"{ollama_thread.url}/api/chat", json=HI).text))
    thread.start()
    ollama_thread.wait_for(lambda sim: sim.gate("go").waiting == 1)
    ollama_thread.open("go")
    thread.join(5)
    assert answers[0].count("\n") == 3


def test_it_counts_those_who_leave(ollama_thread: OllamaSimThread) -> None:
    ollama_thread.script(reply("a", Hang()))
    with httpx.stream("POST", f"{ollama_thread.url}/api/chat", json=HI) as response:
        next(response.iter_bytes())
    ollama_thread.wait_for(lambda sim: sim.cancelled == 1)


def test_it_runs_as_a_process() -> None:
    command = [sys.executable, "-m", "tests.ollama_sim", "--tokens-per-s", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert "there" in httpx.post(f"{url}/api/chat", json=HI).text
        process.terminate()
        assert process.wait(5) == 0
