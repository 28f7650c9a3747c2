"""A person who has signed in, and a model server that the pages can ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from chat.actions.finish import end_unowned
from chat.actions.send import Sent, send_prompt
from chat.events.append import Outcome
from chat.events.types import Content, Started, Thinking
from chat.models import ChatSession
from tests.ollama_sim.thread import OllamaSimThread

Say = Callable[..., Sent]


@pytest.fixture
def model_server(settings: Settings, ollama_thread: OllamaSimThread) -> OllamaSimThread:
    settings.SMAIL = replace(settings.SMAIL, ollama_host=ollama_thread.sim.url, messages_per_minute=1_000)
    return ollama_thread


@pytest.fixture
def visitor(client: Client, owner: User, model_server: OllamaSimThread) -> Client:
    """A browser in which the owner has signed in."""
    client.force_login(owner)
    return client


@pytest.fixture
def say(owner: User) -> Say:
    """Send a prompt of the owner, and answer it unless `answer` is None."""
    count = iter(range(1, 10_000))

    def send(text: str = "Hi", *, answer: str | None = "Hello *you*.", chat: ChatSession | None = None) -> Sent:
        sent = send_prompt(user=owner, chat_session=chat, text=text, key=f"key-{next(count)}", model="sim")
        if answer is not None:
            payloads = [Started(1, "sim", "here"), Thinking("Hm."), Content(answer)]
            assert end_unowned(sent.generation, Outcome("completed", "stop"), payloads)
        return sent

    return send
