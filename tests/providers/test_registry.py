"""One provider for each server and event loop."""

from __future__ import annotations

import asyncio
import gc

from chat.providers.registry import aclose_all, provider_for
from tests.ollama_sim import OllamaSim, OllamaSimThread
from tests.providers.conftest import ask, read


async def test_it_makes_one_for_each_server(ollama: OllamaSim) -> None:
    one = provider_for(ollama.url)
    assert provider_for(ollama.url + "/") is one
    assert provider_for("http://127.0.0.1:9") is not one
    await aclose_all()
    assert provider_for(ollama.url) is not one
    await aclose_all()


async def test_it_works(ollama: OllamaSim) -> None:
    assert (await read(provider_for(ollama.url), ask("repeat: yes"))).content == "yes"
    await aclose_all()


def test_it_serves_one_event_loop_after_the_other(ollama_thread: OllamaSimThread) -> None:
    """As synchronous code does that runs something async now and then; nothing is left behind to complain."""

    async def version() -> tuple[object, str]:
        provider = provider_for(ollama_thread.url)
        return provider, await provider.version()

    (first, one), (second, other) = asyncio.run(version()), asyncio.run(version())
    assert first is not second and one == other == "0.32.15"
    asyncio.run(aclose_all())
    gc.collect()  # an unclosed session would warn now, and warnings are errors
