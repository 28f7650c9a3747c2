"""The page's WebSocket. It passes on: what the feed yields goes out, what the page says goes to the verbs.

Close codes: 4401 not signed in (the page does not come back by itself), 4429 too many sockets or messages, 4012 the
server is about to stop. A foreign origin is refused before this (`transports/origin`).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import time
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.utils import await_many_dispatch
from django.db import DatabaseError

from chat.conf import conf
from chat.errors import InvalidRequest, PromptTooLong, SmailError, StorageAway
from chat.transports.feed import PageFeed
from chat.transports.hub import current_hub
from chat.transports.verbs import understood

logger = logging.getLogger(__name__)

MESSAGES_PER_SECOND = 50

connection_numbers = itertools.count(1)


class ChatConsumer(AsyncWebsocketConsumer):
    """One a tab. Sending has a task of its own, so that a viewer who does not read can still say stop."""

    def __init__(self) -> None:
        super().__init__()
        self._feed: PageFeed | None = None
        self._ready = asyncio.Event()
        self._second = (0, 0)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one connection. Unlike Channels' own, no channel of a layer is opened for it: a Redis that is gone
        must not end sockets, and text never travels that way."""
        self.scope, self.base_send, self.channel_layer = scope, send, None
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send_frames())
            try:
                await await_many_dispatch([receive], self.dispatch)
            except StopConsumer:
                pass
            finally:
                sending.cancel()
                if self._feed is not None:
                    self._feed.close()

    async def dispatch(self, message: dict[str, Any]) -> None:
        await getattr(self, message["type"].replace(".", "_"))(message)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        user = self.scope.get("user")
        await self.accept()
        if user is None or not user.is_authenticated:
            await self.close(code=4401)
            return
        hub = current_hub()
        if hub.count(("user", user.pk)) >= conf.max_sockets_per_user:
            await self.close(code=4429)
            return
        self._feed = PageFeed(hub, user)
        await self._feed.open("", {})
        await self.send(json.dumps({"type": "hello", "connection": next(connection_numbers), "heads": {}}))
        self._ready.set()

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        feed = self._feed
        if feed is None:
            return
        if self._too_many():
            await self.close(code=4429)
            return
        try:
            verb, said = understood(_text_of(message))
            await verb(feed, said)
        except SmailError as error:
            feed.say(error)
        except DatabaseError:
            logger.exception("a page's request failed")
            feed.say(StorageAway())

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        raise StopConsumer

    async def _send_frames(self) -> None:
        await self._ready.wait()
        assert self._feed is not None
        async for text in self._feed.texts():
            await self.send(text)
        await self.close(code=4012)

    def _too_many(self) -> bool:
        """Count this message; True beyond the number that a page may say in one second."""
        second, count = int(time.monotonic()), self._second[1] + 1
        self._second = (second, count if second == self._second[0] else 1)
        return self._second[1] > MESSAGES_PER_SECOND


def _text_of(message: dict[str, Any]) -> str:
    text = message.get("text")
    if not isinstance(text, str):
        raise InvalidRequest("Only text is understood here.")
    if len(text) > conf.max_socket_frame_bytes:
        raise PromptTooLong
    return text
