"""A provider for the simulated server, and a way to read an answer to its end or its error."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from pytest_django.fixtures import Settings

from chat.errors import ProviderError
from chat.providers.ollama.client import OllamaProvider
from chat.providers.types import ChatMessage, ChatRequest, Delta, Done, TextDelta, ToolCall
from tests.ollama_sim import OllamaSim


@dataclass(slots=True)
class Answer:
    """Everything a stream gave before it ended."""

    deltas: list[Delta] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def content(self) -> str:
        return "".join(d.text for d in self.deltas if isinstance(d, TextDelta) and d.kind == "content")

    @property
    def thinking(self) -> str:
        return "".join(d.text for d in self.deltas if isinstance(d, TextDelta) and d.kind == "thinking")

    @property
    def calls(self) -> list[ToolCall]:
        return [d for d in self.deltas if isinstance(d, ToolCall)]

    @property
    def done(self) -> Done:
        """The end; there is exactly one, and nothing behind it."""
        (done,) = [d for d in self.deltas if isinstance(d, Done)]
        assert self.deltas[-1] is done and self.error is None
        return done


async def read(provider: OllamaProvider, request: ChatRequest) -> Answer:
    answer = Answer()
    try:
        async for delta in provider.stream(request):
            answer.deltas.append(delta)
    except ProviderError as error:
        answer.error = error
    return answer


def ask(text: str = "Hi", model: str = "sim", **more: object) -> ChatRequest:
    return ChatRequest(model, [ChatMessage("user", text)], **more)  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def provider(ollama: OllamaSim) -> AsyncIterator[OllamaProvider]:
    made = OllamaProvider(ollama.url)
    yield made
    await made.aclose()


@pytest.fixture
def limits(settings: Settings) -> Callable[..., None]:
    """Change some of the product's limits for one test."""

    def change(**changes: object) -> None:
        settings.SMAIL = dataclasses.replace(settings.SMAIL, **changes)

    return change
