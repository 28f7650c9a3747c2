"""Thinking, tools and images are asked for only where the model can."""

from __future__ import annotations

import asyncio

import pytest

from chat import errors
from chat.providers.ollama.client import OllamaProvider
from chat.providers.types import ChatMessage, ChatRequest
from tests.ollama_sim import OLD_SERVER, OllamaSim
from tests.providers.conftest import ask, read

TOOL = {"type": "function", "function": {"name": "now", "description": "The time", "parameters": {"type": "object"}}}
PIXEL = "iVBORw0KGgo="


def with_image(model: str, *, then: str = "") -> ChatRequest:
    messages = [ChatMessage("user", "What is this?", images=[PIXEL])]
    if then:
        messages += [ChatMessage("assistant", "A pixel."), ChatMessage("user", then)]
    return ChatRequest(model, messages)


async def test_it_leaves_the_choice_to_the_server(ollama: OllamaSim, provider: OllamaProvider) -> None:
    answer = await read(provider, ask(model="sim-thinker"))
    assert answer.thinking and "think" not in ollama.chats[0] and len(ollama.requests) == 1


@pytest.mark.parametrize(("think", "thinks"), [(True, True), ("high", True), (False, False)])
async def test_it_says_whether_to_think(
    ollama: OllamaSim, provider: OllamaProvider, think: bool | str, thinks: bool
) -> None:
    answer = await read(provider, ask(model="sim-thinker", think=think))
    assert ollama.chats[0]["think"] == think and bool(answer.thinking) is thinks


@pytest.mark.parametrize("think", [True, False])
async def test_it_asks_no_model_to_think_that_cannot(ollama: OllamaSim, provider: OllamaProvider, think: bool) -> None:
    answer = await read(provider, ask(think=think))
    assert answer.done and "think" not in ollama.chats[0]


async def test_it_offers_tools_to_models_that_use_them(ollama: OllamaSim, provider: OllamaProvider) -> None:
    (call,) = (await read(provider, ask('call: now {"zone": "UTC"}', tools=[TOOL]))).calls
    assert (call.name, call.arguments) == ("now", {"zone": "UTC"})
    assert (await read(provider, ask(model="sim-vision", tools=[TOOL]))).done
    assert ollama.chats[0]["tools"] == [TOOL] and "tools" not in ollama.chats[1]


async def test_it_refuses_an_image_that_would_go_unseen(ollama: OllamaSim, provider: OllamaProvider) -> None:
    assert type((await read(provider, with_image("sim"))).error) is errors.FeatureUnsupported
    assert (await read(provider, with_image("sim-vision"))).done
    assert [chat["messages"][0]["images"] for chat in ollama.chats] == [[PIXEL]]


async def test_it_leaves_out_images_of_earlier_turns(ollama: OllamaSim, provider: OllamaProvider) -> None:
    assert (await read(provider, with_image("sim", then="Thanks"))).done
    assert "images" not in ollama.chats[0]["messages"][0]


async def test_it_tries_where_nothing_is_told(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.profile = OLD_SERVER
    answer = await read(provider, ask(tools=[TOOL], model="sim-vision"))
    assert type(answer.error) is errors.FeatureUnsupported and str(answer.error) == "This model cannot use tools."


async def test_it_asks_about_a_model_once(ollama: OllamaSim, provider: OllamaProvider) -> None:
    for _ in range(3):
        await read(provider, ask(think=False))
    assert [request.path for request in ollama.requests].count("/api/tags") == 1


async def test_many_answers_ask_about_a_model_once(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.slots = 50
    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(read(provider, ask(think=False)))
    assert [request.path for request in ollama.requests].count("/api/tags") == 1 and ollama.finished == 50


async def test_it_continues_an_answer_without_thinking(ollama: OllamaSim, provider: OllamaProvider) -> None:
    """The simulated model goes on from the text it is given, so both halves together are the whole answer."""
    whole = (await read(provider, ask(model="sim-thinker", think=False))).content
    begun = ChatRequest("sim-thinker", [ChatMessage("user", "Hi"), ChatMessage("assistant", whole[:40])])
    answer = await read(provider, begun)
    assert whole[:40] + answer.content == whole and answer.thinking == ""
    assert ollama.chats[-1]["think"] is False


async def test_it_sends_tool_results_back(ollama: OllamaSim, provider: OllamaProvider) -> None:
    first = await read(provider, ask("call: now {}", tools=[TOOL]))
    (call,) = first.calls
    turns = [
        ChatMessage("user", "call: now {}"),
        ChatMessage("assistant", "", thinking="Hm", tool_calls=[call]),
        ChatMessage("tool", "noon", tool_name="now", tool_call_id=call.id),
    ]
    answer = await read(provider, ChatRequest("sim", turns, tools=[TOOL]))
    assert "The tool says: noon" in answer.content
    assert ollama.chats[1]["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "thinking": "Hm",
            "tool_calls": [{"id": call.id, "function": {"name": "now", "arguments": {}}}],
        },
        {"role": "tool", "content": "noon", "tool_name": "now", "tool_call_id": call.id},
    ]


async def test_it_says_that_a_model_cannot_chat(provider: OllamaProvider) -> None:
    error = (await read(provider, ask(model="sim-embed"))).error
    assert str(error) == "This model cannot chat; it is made for another purpose."
