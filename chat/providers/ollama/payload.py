"""A `ChatRequest` as the body of `/api/chat`, fitted to what the model can do.

What a model is known not to have is not sent: tools and thinking are left out, because the answer is still an
answer; an image just attached is an error, because an answer that ignores it would be a lie.
"""

from __future__ import annotations

from typing import Any

from chat import errors
from chat.providers.types import ChatMessage, ChatRequest, ModelInfo, ToolCall


def chat_payload(request: ChatRequest, info: ModelInfo) -> dict[str, Any]:
    """Return the JSON body. `stream` is always said, though it is the default."""
    can_see = info.can("vision")
    _refuse_unseen_images(request, can_see=can_see)
    payload: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(message, with_images=can_see) for message in request.messages],
        "stream": True,
        # Otherwise the server drops the oldest turns in silence; refused, we leave them out ourselves and say so.
        "truncate": False,
    }
    if request.options:
        payload["options"] = dict(request.options)
    if request.tools and info.can("tools"):
        payload["tools"] = [dict(tool) for tool in request.tools]
    if request.format is not None:
        payload["format"] = request.format
    think = _think(request)
    if think is not None and info.can("thinking"):
        payload["think"] = think
    return payload


def wants_abilities(request: ChatRequest) -> bool:
    """Say whether the request holds anything that not every model takes."""
    return _think(request) is not None or bool(request.tools) or any(message.images for message in request.messages)


def _think(request: ChatRequest) -> bool | str | None:
    # Continuing a partial answer with thinking on is refused by some llama.cpp builds, and Ollama turns it on by
    # default: it has to be switched off in so many words.
    if request.messages and request.messages[-1].role == "assistant":
        return False
    return request.think


def _refuse_unseen_images(request: ChatRequest, *, can_see: bool) -> None:
    asked = [message for message in request.messages if message.role == "user"]
    if not can_see and asked and asked[-1].images:
        raise errors.FeatureUnsupported("This model cannot see images.")


def _message(message: ChatMessage, *, with_images: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.thinking:
        said["thinking"] = message.thinking
    if message.images and with_images:
        said["images"] = list(message.images)
    if message.tool_calls:
        said["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
    if message.tool_name:
        said["tool_name"] = message.tool_name
    if message.tool_call_id:
        said["tool_call_id"] = message.tool_call_id
    return said


def _tool_call(call: ToolCall) -> dict[str, Any]:
    said: dict[str, Any] = {"function": {"name": call.name, "arguments": dict(call.arguments)}}
    return {"id": call.id, **said} if call.id else said
