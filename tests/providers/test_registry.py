"""One provider for each server and event loop."""

from __future__ import annotations

import asyncio
import gc
import weakref

from chat.providers.ollama.client import OllamaProvider
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


def test_a_provider_that_is_dropped_leaves_nothing_to_complain_about(ollama_thread: OllamaSimThread) -> None:
    assert asyncio.run(OllamaProvider(ollama_thread.url).version()) == "0.32.15"
    gc.collect()


def test_it_serves_one_event_loop_after_the_other(ollama_thread: OllamaSimThread) -> None:
    """As synchronous code does that runs something async now and then; nothing is left behind to complain."""

    async def used() -> weakref.ref[OllamaProvider]:
        provider = provider_for(ollama_thread.url)
        assert await provider.version() == "0.32.15"
        return weakref.ref(provider)

    first = asyncio.run(used())
    assert first() is not None
    second = asyncio.run(used())
    gc.collect()  # an unclosed session would warn now, and warnings are errors
    assert first() is None and second() is not None
    asyncio.run(aclose_all())
    gc.collect()
    assert second() is None
