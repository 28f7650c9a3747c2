"""Fixtures: a simulated Ollama for each test, in the test's event loop or in a thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.ollama_sim.server import OllamaSim
from tests.ollama_sim.thread import OllamaSimThread


@pytest_asyncio.fixture
async def ollama() -> AsyncIterator[OllamaSim]:
    async with OllamaSim() as sim:
        yield sim


@pytest.fixture
def ollama_thread() -> Iterator[OllamaSimThread]:
    with OllamaSimThread() as sim:
        yield sim
