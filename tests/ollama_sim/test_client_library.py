"""The official Python client must find nothing to complain about, and its known complaints where they belong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import ollama as library
import pytest
import pytest_asyncio

from tests.ollama_sim import CleanEnd, Cut, OllamaSim, Problem, Raw, page, refuse, reply

TEXT = "héllo <b> 日本 👍\n\n- a"
HI = [{"role": "user", "content": f"repeat: {TEXT}"}]
CALL = [{"role": "user", "content": 'call: now {"zone": "UTC"}'}]
TOOL = {
    "type": "function",
    "function": {"name": "now", "description": "", "parameters": {"type": "object", "properties": {}}},
}


@pytest_asyncio.fixture
async def client(ollama: OllamaSim) -> AsyncIterator[library.AsyncClient]:
    made = library.AsyncClient(host=ollama.url)
    yield made
    await made._client.aclose()


async def streamed(client: library.AsyncClient, **more: Any) -> list[library.ChatResponse]:
    return [part async for part in await client.chat(**{"model": "sim", "messages": HI, "stream": True, **more})]


async def test_it_streams_an_answer(client: library.AsyncClient) -> None:
    parts = await streamed(client)
    assert "".join(part.message.content or "" for part in parts) == TEXT
    assert parts[-1].done and parts[-1].done_reason == "stop" and parts[-1].eval_count == len(parts) - 1
    assert parts[-1].total_duration and parts[-1].load_duration and parts[-1].prompt_eval_count


async def test_it_answers_in_one_piece(client: library.AsyncClient) -> None:
    answer = await client.chat("sim-thinker", HI)
    assert answer.message.content == TEXT and answer.message.thinking and answer.done


async def test_it_generates(client: library.AsyncClient) -> None:
    parts = [part async for part in await client.generate("sim", f"repeat: {TEXT}", stream=True)]
    assert "".join(part.response for part in parts) == TEXT and parts[-1].done


@pytest.mark.parametrize(("think", "thinks"), [(None, True), (True, True), (False, False)])
async def test_it_thinks_unless_told_not_to(client: library.AsyncClient, think: bool | None, thinks: bool) -> None:
    parts = await streamed(client, model="sim-thinker", think=think)
    assert any(part.message.thinking for part in parts) is thinks


async def test_it_calls_tools(client: library.AsyncClient) -> None:
    first, last = await streamed(client, messages=CALL, tools=[TOOL])
    assert first.message.tool_calls and first.message.tool_calls[0].function.arguments == {"zone": "UTC"}
    assert last.done and last.done_reason == "stop"


async def test_it_loads_and_unloads(client: library.AsyncClient) -> None:
    loaded = await client.chat("sim")
    assert loaded.done_reason == "load"
    (running,) = (await client.ps()).models
    assert running.model == "sim:latest" and running.context_length == 4096
    assert (await client.chat("sim", keep_alive=0)).done_reason == "unload"
    assert (await client.ps()).models == []


async def test_it_keeps_a_model_for_ever(client: library.AsyncClient) -> None:
    await client.chat("sim", HI, keep_alive=-1)
    (running,) = (await client.ps()).models
    assert running.expires_at and running.expires_at.year > 2300


async def test_it_unloads_when_its_time_has_come(ollama: OllamaSim, client: library.AsyncClient) -> None:
    now = [10**18]
    ollama.now_ns = lambda: now[0]
    await client.chat("sim", HI, keep_alive="90s")
    now[0] += 89 * 10**9
    assert len((await client.ps()).models) == 1
    now[0] += 2 * 10**9
    assert (await client.ps()).models == []


async def test_it_reloads_for_other_load_options(ollama: OllamaSim, client: library.AsyncClient) -> None:
    for options in ({}, {}, {"temperature": 1.5}, {"num_ctx": 8192}, {"num_ctx": 8192}):
        await client.chat("sim", HI, options=options)
    assert ollama.memory.loads == 2
    assert (await client.ps()).models[0].context_length == 8192


async def test_it_lists_and_shows(client: library.AsyncClient) -> None:
    names = [model.model for model in (await client.list()).models]
    assert names == ["sim:latest", "sim-thinker:latest", "sim-vision:latest", "sim-embed:latest", "sim-cloud:latest"]
    shown = await client.show("sim")
    assert shown.capabilities == ["completion", "tools"] and shown.modelinfo
    assert shown.modelinfo["llama.context_length"] == 131072


async def test_it_copies_creates_deletes_and_pulls(ollama: OllamaSim, client: library.AsyncClient) -> None:
    assert (await client.copy("sim", "mine")).status == "success"
    assert (await client.create("yours", from_="sim")).status == "success"
    progress = [part async for part in await client.pull("new", stream=True)]
    assert [part.status for part in progress][0::6] == ["pulling manifest", "writing manifest"]
    assert progress[-1].status == "success" and progress[3].completed == progress[3].total // 2
    assert {"mine:latest", "yours:latest", "new:latest"} <= set(ollama.models)
    for name in ("mine", "yours", "new"):
        assert (await client.delete(name)).status == "success"
    assert len(ollama.models) == 5


async def test_it_resumes_a_pull(ollama: OllamaSim, client: library.AsyncClient) -> None:
    ollama.gate("pull")
    first = asyncio.get_running_loop().create_task(client._client.post("/api/pull", json={"model": "new"}))
    await ollama.wait_for(lambda sim: sim.gate("pull").waiting == 1)
    first.cancel()
    await ollama.wait_for(lambda sim: sim.gate("pull").waiting == 0)
    ollama.open("pull")
    progress = [part async for part in await client.pull("new", stream=True)]
    assert progress[1].completed == progress[1].total // 2 and progress[-1].status == "success"


async def test_it_fails_pulls_as_ollama_does(client: library.AsyncClient) -> None:
    with pytest.raises(library.ResponseError, match="pull model manifest: file does not exist") as caught:
        [part async for part in await client.pull("nope", stream=True)]
    assert caught.value.status_code == -1
    with pytest.raises(library.ResponseError) as caught:
        await client.pull("nope")
    assert caught.value.status_code == 500


async def test_it_embeds(client: library.AsyncClient) -> None:
    assert len((await client.embed("sim-embed", ["a", "b"])).embeddings) == 2


async def test_the_client_sees_errors_as_documented(ollama: OllamaSim, client: library.AsyncClient) -> None:
    ollama.script(reply("x", Problem("late")), refuse(503, "busy"), page(502, "<h1>502</h1>"))
    for status, text in ((-1, "late"), (503, "busy"), (502, "<h1>502</h1>")):
        with pytest.raises(library.ResponseError) as caught:
            await streamed(client)
        assert (caught.value.status_code, caught.value.error) == (status, text)


async def test_the_client_sees_faults_as_documented(ollama: OllamaSim, client: library.AsyncClient) -> None:
    ollama.script(reply("x", CleanEnd()), reply(CleanEnd()), reply("x", Raw(b"\n")), reply("x", Cut()))
    assert len(await streamed(client)) == 1 and await streamed(client) == []
    with pytest.raises(ValueError, match="Expecting value"):
        await streamed(client)
    with pytest.raises(httpx.RemoteProtocolError):
        await streamed(client)


async def test_it_serves_one_at_a_time_in_order(ollama: OllamaSim, client: library.AsyncClient) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(client.chat("sim", [{"role": "user", "content": f"repeat: {number}"}]))
    assert (ollama.started, ollama.finished, ollama.slots_used) == (4, 4, 0)


async def test_it_limits_only_those_who_wait_for_a_load(ollama: OllamaSim, client: library.AsyncClient) -> None:
    ollama.queue_limit = 2
    ollama.gate("load")
    async with asyncio.TaskGroup() as group:
        for number in range(3):  # one loads, two wait
            group.create_task(client.chat("sim", HI))
            await ollama.wait_for(lambda sim, wanted=number + 1: sim.waiting == wanted)
        with pytest.raises(library.ResponseError, match="server busy, please try again"):
            await client.chat("sim", HI)
        ollama.open("load")
    assert ollama.memory.loads == 1
