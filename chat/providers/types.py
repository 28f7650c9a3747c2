"""What goes to a model and what comes back, as plain values.

A provider turns a `ChatRequest` into deltas: any number of `TextDelta` and `ToolCall`, then exactly one `Done`.
It raises a `chat.errors.ProviderError` when the stream cannot be opened or breaks; deltas that came before stay
valid. It never retries, never stores and knows no Django model.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant", "tool"]
TextKind = Literal["thinking", "content"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A complete call a model asks for; `id` is "" where the server sends none."""

    name: str
    arguments: Mapping[str, Any]
    id: str = ""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of the prompt. `images` are base64 without a `data:` prefix."""

    role: Role
    content: str
    thinking: str = ""
    images: Sequence[str] = ()
    tool_calls: Sequence[ToolCall] = ()
    tool_name: str = ""
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request for an answer. `think` None leaves the choice to the server; `options` as Ollama names them."""

    model: str
    messages: Sequence[ChatMessage]
    options: Mapping[str, Any] = field(default_factory=dict)
    think: bool | str | None = None
    tools: Sequence[Mapping[str, Any]] = ()
    format: str | Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of text from the model; never empty."""

    kind: TextKind
    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The model said it was finished. Counts are tokens, durations seconds; None where the server said nothing."""

    finish_reason: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    load_s: float | None = None
    prompt_s: float | None = None
    completion_s: float | None = None


Delta = TextDelta | ToolCall | Done


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that a server has. `capabilities` None means that the server does not tell (old versions)."""

    name: str
    digest: str = ""
    size_bytes: int = 0
    parameter_size: str = ""
    quantization: str = ""
    family: str = ""
    capabilities: frozenset[str] | None = None
    trained_context: int | None = None
    remote: bool = False

    def can(self, capability: str) -> bool:
        """True where the model lists the ability, or where the server is too old to tell."""
        return self.capabilities is None or capability in self.capabilities


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory now; `context` is the window really in use, in tokens (None: not told)."""

    name: str
    context: int | None = None
    size_bytes: int = 0
    vram_bytes: int = 0


class Provider(Protocol):
    """A model server. Every method raises `ProviderError` and nothing else of its own."""

    label: str

    def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        """Yield the answer; closing the generator closes the connection, which frees the model."""
        ...

    async def models(self) -> list[ModelInfo]: ...

    async def model(self, name: str) -> ModelInfo: ...

    async def loaded(self) -> list[LoadedModel]: ...

    async def version(self) -> str: ...

    async def aclose(self) -> None: ...
