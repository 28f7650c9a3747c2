"""Answers that end well, in every shape Ollama gives them."""

from __future__ import annotations

import asyncio
import json

import pytest

from chat.providers.ollama.client import OllamaProvider
from chat.providers.types import ChatMessage, ChatRequest, Done, TextDelta
from tests.ollama_sim import Finish, Framing, OllamaSim, Raw, Text, Wait, Words, reply
from tests.providers.conftest import ask, read

CALL = {"id": "call_k3v9qa7z", "function": {"index": 0, "name": "get_weather", "arguments": {"city": "Oslo"}}}
AWKWARD = "a\u0085b\u2028c\u2029d\x0be\x0cf <b>&amp; é 日本 👩‍👩‍👧 \t\r\n ¬\ufeff end"


async def test_it_works(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(reply("Hel", "lo é"))
    answer = await read(provider, ask())
    assert answer.deltas[:-1] == [TextDelta("content", "Hel"), TextDelta("content", "lo é")]
    assert answer.done.finish_reason == "stop" and answer.done.completion_tokens == 2
    assert answer.done.prompt_tokens == 10 + 4 and answer.done.load_s == pytest.approx(0.0412)


@pytest.mark.parametrize(
    "framing",
    [
        Framing(),
        Framing(bytes_per_chunk=1),
        Framing(bytes_per_chunk=7),
        Framing(lines_per_chunk=5),
        Framing(lines_per_chunk=1000),
        Framing(split_characters=True),
    ],
    ids=str,
)
async def test_it_gives_the_same_text_however_the_bytes_are_cut(
    ollama: OllamaSim, provider: OllamaProvider, framing: Framing
) -> None:
    ollama.script(reply(*AWKWARD, framing=framing))
    answer = await read(provider, ask())
    assert answer.content == AWKWARD and answer.done


async def test_it_reads_a_line_longer_than_any_buffer(ollama: OllamaSim, provider: OllamaProvider) -> None:
    text = "0123456789é" * 40_000
    ollama.script(reply(text))
    assert (await read(provider, ask())).content == text


async def test_it_reads_thinking_before_content_on_one_line(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(reply(Text("Hello", "The user"), Text(), Text(thinking="!")))
    answer = await read(provider, ask())
    kinds = [d.kind for d in answer.deltas if isinstance(d, TextDelta)]
    assert kinds == ["thinking", "content", "thinking"] and answer.thinking == "The user!"


@pytest.mark.parametrize(
    "steps",
    [
        (Text(tool_calls=[CALL]), Finish()),
        (Finish(tool_calls=[CALL]),),
        (Text("Let me look. ", tool_calls=[CALL]), Finish()),
    ],
    ids=["own line", "final line", "with text"],
)
async def test_it_reads_tool_calls_on_any_line(ollama: OllamaSim, provider: OllamaProvider, steps: tuple) -> None:
    ollama.script(reply(*steps))
    (call,) = (await read(provider, ask())).calls
    assert (call.name, call.arguments, call.id) == ("get_weather", {"city": "Oslo"}, "call_k3v9qa7z")


async def test_it_reads_calls_without_id_and_with_arguments_as_text(
    ollama: OllamaSim, provider: OllamaProvider
) -> None:
    bare = {"function": {"name": "now", "arguments": {}}}
    text = {"function": {"name": "add", "arguments": '{"a": 1}'}}
    ollama.script(reply(Text(tool_calls=[bare, text]), Text(tool_calls=[bare])))
    calls = (await read(provider, ask())).calls
    assert [(c.name, c.arguments, c.id) for c in calls] == [("now", {}, ""), ("add", {"a": 1}, ""), ("now", {}, "")]


async def test_it_takes_text_on_the_final_line(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(reply("Hel", Finish(content="lo", thinking="hm")))
    answer = await read(provider, ask())
    assert (answer.content, answer.thinking) == ("Hello", "hm") and answer.done


@pytest.mark.parametrize(
    ("said", "read_as"), [("length", "length"), ("load", "load"), ("novel", "novel"), (None, "stop")]
)
async def test_it_takes_any_reason_as_the_end(
    ollama: OllamaSim, provider: OllamaProvider, said: str | None, read_as: str
) -> None:
    ollama.script(reply("x", Finish(said)))
    assert (await read(provider, ask())).done.finish_reason == read_as


async def test_it_does_not_need_metrics(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(reply("x", Finish(metrics=False)))
    assert (await read(provider, ask())).done == Done("stop")


async def test_it_takes_a_last_line_without_its_end(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(reply("x", Finish(newline=False)))
    assert (await read(provider, ask())).done


async def test_it_ignores_what_comes_after_done(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(reply("x", Finish(), Raw(b'{"message":{"content":"more"}}\nrubbish\n')))
    answer = await read(provider, ask())
    assert answer.content == "x" and answer.done


async def test_it_skips_blank_lines_and_unknown_fields(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(
        reply(Text("a", extra={"novel": [1]}), Raw(b"\n"), Raw(b" \r\n"), Text("b", extra={"logprobs": [{}]}))
    )
    assert (await read(provider, ask())).content == "ab"


async def test_it_keeps_what_no_database_takes_out_of_the_text(ollama: OllamaSim, provider: OllamaProvider) -> None:
    line = b'{"message":{"content":"a\\u0000b\\ud83d\\udc4d\\ud800c"},"done":false}\n'
    ascii_line = b'{"message":{"content":"\\u0000d"},"done":false}\n'
    ollama.script(reply(Raw(line), Raw(ascii_line)))
    assert (await read(provider, ask())).content == "ab👍\ufffdcd"


async def test_it_waits_its_turn_in_silence(ollama: OllamaSim, provider: OllamaProvider) -> None:
    """One place at the model: the second answer starts when the first has ended, and both are whole."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(provider, ask(f"repeat: number {n}"))) for n in range(5)]
    assert sorted(task.result().content for task in tasks) == [f"number {n}" for n in range(5)]


async def test_it_reads_more_streams_than_a_pool_holds(ollama: OllamaSim, provider: OllamaProvider) -> None:
    """All stand in the middle of their answer at once: none waits for another's connection."""
    ollama.slots = 300
    ollama.script(*[reply("a", Wait("go"), Words("b c d"))] * 150)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(provider, ask())) for _ in range(150)]
        await ollama.wait_for(lambda sim: sim.gate("go").waiting == 150)
        ollama.open("go")
    assert {task.result().content for task in tasks} == {"ab c d"}


async def test_it_sends_what_was_asked(ollama: OllamaSim, provider: OllamaProvider) -> None:
    request = ChatRequest(
        "sim",
        [ChatMessage("system", "Be brief."), ChatMessage("user", "Hi")],
        options={"temperature": 0.5},
        format={"type": "object"},
    )
    await read(provider, request)
    (sent,) = ollama.chats
    assert sent == {
        "model": "sim",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "stream": True,
        "truncate": False,
        "options": {"temperature": 0.5},
        "format": {"type": "object"},
    }
    assert "authorization" not in ollama.requests[-1].headers
    assert json.loads(ollama.requests[-1].body) == sent


async def test_it_sends_a_key(ollama: OllamaSim) -> None:
    ollama.api_key = "secret"
    provider = OllamaProvider(ollama.url, "secret")
    assert (await read(provider, ask("repeat: yes"))).content == "yes"
    await provider.aclose()


async def test_it_asks_no_proxy_for_this_machine(ollama: OllamaSim, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    provider = OllamaProvider(ollama.url)
    assert (await read(provider, ask("repeat: straight"))).content == "straight"
    await provider.aclose()


async def test_it_serves_a_base_path_behind_a_proxy(ollama: OllamaSim) -> None:
    ollama.script(reply("through"), path="/models/ollama/api/chat")
    provider = OllamaProvider(f"{ollama.url}/models/ollama/")
    assert (await read(provider, ask())).content == "through"
    await provider.aclose()
