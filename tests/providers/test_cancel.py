"""Whoever stops reading frees the model at once: closing the connection is the only stop that Ollama knows."""

from __future__ import annotations

import asyncio

import pytest

from chat.providers.ollama.client import OllamaProvider
from tests.ollama_sim import Hang, OllamaSim, Text, Wait, Words, reply
from tests.ollama_sim.script import Step
from tests.providers.conftest import ask, read


@pytest.mark.parametrize("steps", [(Hang(),), (Text("a"), Hang()), (Text("a"), Wait("never"), Text("b"))], ids=str)
async def test_cancelling_the_reader_closes_the_connection(
    ollama: OllamaSim, provider: OllamaProvider, steps: tuple[Step, ...]
) -> None:
    """In mid-read, before the headers and after them."""
    ollama.script(reply(*steps))
    task = asyncio.get_running_loop().create_task(read(provider, ask()))
    await ollama.wait_for(lambda sim: sim.started == 1 and sim.tokens == len(steps) // 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ollama.wait_for(lambda sim: sim.cancelled == 1 and sim.slots_used == 0 and sim.open_connections == 0)
    assert ollama.tokens_after_disconnect == 0


async def test_closing_the_generator_closes_the_connection(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(reply("a", "b", Hang()))
    stream = provider.stream(ask())
    await anext(stream)
    await stream.aclose()
    await ollama.wait_for(lambda sim: sim.cancelled == 1 and sim.open_connections == 0)


async def test_a_reader_that_breaks_off_stops_a_running_model(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.tokens_per_s = 200
    ollama.script(reply(Words("word " * 10_000)))
    stream = provider.stream(ask())
    async for _ in stream:
        break
    await stream.aclose()
    await ollama.wait_for(lambda sim: sim.cancelled == 1 and sim.slots_used == 0)
    assert ollama.tokens < 100 and ollama.tokens_after_disconnect == 0


async def test_leaving_the_queue_lets_the_next_one_in(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(reply("first", Wait("go")))
    async with asyncio.TaskGroup() as group:
        first = group.create_task(read(provider, ask()))
        await ollama.wait_for(lambda sim: sim.started == 1)
        second = group.create_task(read(provider, ask("repeat: second")))
        await ollama.wait_for(lambda sim: sim.waiting == 1)
        third = group.create_task(read(provider, ask("repeat: third")))
        await ollama.wait_for(lambda sim: sim.waiting == 2)
        second.cancel()
        await ollama.wait_for(lambda sim: sim.cancelled == 1)
        ollama.open("go")
    assert (first.result().content, third.result().content) == ("first", "third")
    assert ollama.started == 2


async def test_leaving_while_it_loads_aborts_the_load(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.gate("load")
    task = asyncio.get_running_loop().create_task(read(provider, ask()))
    await ollama.wait_for(lambda sim: sim.gate("load").waiting == 1)
    task.cancel()
    await ollama.wait_for(lambda sim: sim.cancelled == 1 and sim.gate("load").waiting == 0)
    assert await provider.loaded() == []


async def test_a_finished_answer_leaves_no_connection(ollama: OllamaSim, provider: OllamaProvider) -> None:
    await read(provider, ask())
    await ollama.wait_for(lambda sim: sim.open_connections == 0)
    assert (ollama.finished, ollama.cancelled) == (1, 0)


async def test_a_reader_that_is_slow_does_not_hang_the_model(ollama: OllamaSim, provider: OllamaProvider) -> None:
    """It reads ahead: a whole answer is out of the server's hands before the second delta is asked for."""
    ollama.script(reply(Words("some words " * 2_000)))
    stream = provider.stream(ask())
    await anext(stream)
    await ollama.wait_for(lambda sim: sim.finished == 1)
    await stream.aclose()
