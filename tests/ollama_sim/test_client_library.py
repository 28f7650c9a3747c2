"""The official Python client must find nothing to complain about."""

from __future__ import annotations

from collections.abc import AsyncIterator

import ollama as library
import pytest_asyncio

from tests.ollama_sim import OllamaSim

HI = [{"role": "user", "content": "repeat: héllo <b> 日本"}]


@pytest_asyncio.fixture
async def client(ollama: OllamaSim) -> AsyncIterator[library.AsyncClient]:
    made = library.AsyncClient(host=ollama.url)
    yield made
    await made._client.aclose()


async def test_it_streams_an_answer(client: library.AsyncClient) -> None:
    parts = [part async for part in await client.chat("sim", HI, stream=True)]
    assert "".join(part.message.content or "" for part in parts) == "héllo <b> 日本"
    assert parts[-1].done and parts[-1].done_reason == "stop" and parts[-1].eval_count == len(parts) - 1


async def test_it_answers_in_one_piece(client: library.AsyncClient) -> None:
    assert (await client.chat("sim", HI)).message.content == "héllo <b> 日本"
