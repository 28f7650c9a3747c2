"""What watches in these tests: a hub with or without a worker, and tabs with real sockets, all in one event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from channels.testing import WebsocketCommunicator
from django.test import Client

from accounts.models import User
from chat.events.answer import PromptView
from chat.generation.worker import Worker
from chat.models import ChatSession
from chat.models.work import db_work
from chat.queries.branch import branch
from chat.rendering.fragments import answer_article, prompt_article
from chat.transports.hub import Hub, current_hub
from smail.asgi import socket
from tests.faults.screen import Screen
from tests.faults.viewers import PageViewer, Person

WAIT_S = 10.0


@asynccontextmanager
async def watching(*, worker: bool = True) -> AsyncIterator[Hub]:
    """Run the hub of this loop, and a worker beside it as in one process."""
    hub = current_hub()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hub.run())]
        if worker:
            tasks.append(group.create_task(Worker(committed=hub.take).run()))
        try:
            yield hub
        finally:
            for task in tasks:
                task.cancel()


def session_cookie(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def rendered(chat: ChatSession | None) -> str:
    """Return a page's messages and cursors as of now, as a reload gives them."""
    views = branch(ChatSession.objects.get(pk=chat.pk)) if chat else []
    html = [prompt_article(view) if isinstance(view, PromptView) else answer_article(view) for view in views]
    cursors = {v.generation_id: v.seq for v in views if not isinstance(v, PromptView) and v.is_open}
    return f'{"".join(html)}<script id="cursors" type="application/json">{json.dumps(cursors)}</script>'


def page_of(chat: ChatSession | None, html: str) -> PageViewer:
    """Return a page that shows this and keeps the rules of the wire."""
    page = PageViewer(Person("", ""), chat.public_id if chat else "")
    page.screen = Screen(html)
    page.cursors = dict(page.screen.cursors)
    return page


class Tab:
    """A tab: a page with its socket. Made by `tab`."""

    def __init__(self, communicator: WebsocketCommunicator, page: PageViewer) -> None:
        self.socket = communicator
        self.page = page
        self.frames: list[dict[str, Any]] = []

    async def say(self, **verb: object) -> None:
        await self.socket.send_to(text_data=json.dumps(verb))

    async def open(self, chat: ChatSession) -> None:
        self.page.chat = chat.public_id
        await self.say(do="open", chat=chat.public_id, cursors=self.page.cursors, last=self.page.screen.last)

    async def hear(self) -> dict[str, Any]:
        """Take the next frame as a page does, and return it."""
        frame: dict[str, Any] = json.loads(await self.socket.receive_from(timeout=WAIT_S))
        self.frames.append(frame)
        self.page.take(frame)
        return frame

    async def hear_until(self, kind: str) -> dict[str, Any]:
        while (frame := await self.hear())["type"] != kind:
            pass
        return frame

    async def settle(self) -> None:
        """Return when everything said so far has been done: verbs are done in order, and this one is none."""
        await self.say(do="nothing")
        await self.hear_until("error")

    async def see(self, message: str, *states: str) -> None:
        """Take frames until this message is in one of these states."""
        while self.page.screen.state(message) not in states:
            await self.hear()

    async def see_text(self, message: str, text: str) -> None:
        while text not in self.page.text(message):
            await self.hear()


@asynccontextmanager
async def raw_socket(cookie: str = "", **headers: str) -> AsyncIterator[WebsocketCommunicator]:
    """Open a socket as a browser on our own page does, before its handshake."""
    sent = {"host": "testserver", "origin": "http://testserver", "cookie": f"sessionid={cookie}", **headers}
    communicator = WebsocketCommunicator(
        socket, "/ws/chat/", headers=[(name.encode(), value.encode()) for name, value in sent.items()]
    )
    try:
        yield communicator
    finally:
        await communicator.disconnect(timeout=WAIT_S)


@asynccontextmanager
async def tab(user: User, chat: ChatSession | None = None) -> AsyncIterator[Tab]:
    """Load a page and open its socket."""
    cookie = await db_work(session_cookie, user)
    page = page_of(chat, await db_work(rendered, chat))
    async with raw_socket(cookie) as communicator:
        connected, _ = await communicator.connect(timeout=WAIT_S)
        assert connected
        one = Tab(communicator, page)
        assert (await one.hear())["type"] == "hello"
        if chat:
            await one.open(chat)
        yield one


async def shows_the_truth(page: PageViewer, chat: ChatSession) -> bool:
    """Return whether the page shows exactly what a reload would."""
    return page.screen.show() == Screen(await db_work(rendered, chat)).show()
