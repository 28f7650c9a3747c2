"""What the model reads: the branch up to the answer, within the model's real window.

Sizes are estimates, as only the model server can count tokens: `CHARS_PER_TOKEN` is low for English (about 4), so
that code and other languages are not underestimated much. What does not fit is left out from the oldest end and
the person is told how much; the server is asked not to cut anything by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chat.models import Generation, Message
from chat.providers.types import ChatMessage
from chat.queries.branch import branch_messages

CHARS_PER_TOKEN = 3
TOKENS_PER_MESSAGE = 8
ANSWER_SHARE = 0.25  # of the window is kept free for the answer


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages to send; `left_out` counts those of the branch that did not fit."""

    messages: tuple[ChatMessage, ...]
    left_out: int = 0


def prompt_for(generation: Generation, *, prefix: str = "") -> Prompt:
    """Return the whole prompt of a generation. Blocks. `prefix` is the text so far, to be gone on from."""
    chat_session = generation.chat_session
    path = branch_messages(chat_session, generation.message_id)
    messages = [_turn(message) for message in path if message.pk != generation.message_id and message.content]
    if chat_session.system_prompt:
        messages.insert(0, ChatMessage("system", chat_session.system_prompt))
    if prefix:
        messages.append(ChatMessage("assistant", prefix))
    return Prompt(tuple(_without_doubles(messages)))


def fitted(prompt: Prompt, window: int | None) -> Prompt:
    """Return the prompt without its oldest turns, so far as the window asks for it. Pure.

    The system prompt and everything from the last user message on always stay.
    """
    if window is None:
        return prompt
    room = int(window * (1 - ANSWER_SHARE))
    messages = list(prompt.messages)
    left_out = prompt.left_out
    while _tokens(messages) > room and (oldest := _oldest_that_may_go(messages)) is not None:
        del messages[oldest]
        left_out += 1
        while oldest < len(messages) and messages[oldest].role != "user":  # no answer without its question
            del messages[oldest]
            left_out += 1
    return Prompt(tuple(messages), left_out)


def _turn(message: Message) -> ChatMessage:
    return ChatMessage("user" if message.role == Message.Role.USER else "assistant", message.content)


def _without_doubles(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Join user messages in a row: the answer between them failed without a word, and some models refuse that."""
    joined: list[ChatMessage] = []
    for message in messages:
        if joined and message.role == joined[-1].role == "user":
            joined[-1] = ChatMessage("user", f"{joined[-1].content}\n\n{message.content}")
        else:
            joined.append(message)
    return joined


def _tokens(messages: Sequence[ChatMessage]) -> int:
    return sum(len(message.content) // CHARS_PER_TOKEN + TOKENS_PER_MESSAGE for message in messages)


def _oldest_that_may_go(messages: Sequence[ChatMessage]) -> int | None:
    last_user = max((i for i, message in enumerate(messages) if message.role == "user"), default=0)
    first = 1 if messages and messages[0].role == "system" else 0
    return first if first < last_user else None
