"""Viewers as a browser and a program are: they keep the rules of the wire, come back after every loss, and remember.

    async with watching(SocketViewer(person, chat)) as viewer:
        await viewer.until(lambda: viewer.ended(message))

A page viewer begins with the page as the server renders it, applies frames by `after` and `seq`, and asks again
where one is missing. A program viewer comes back with `Last-Event-ID`. None of them is ever told what to expect.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import httpx

from tests.faults.screen import Screen

WAIT_S = 20.0
AGAIN_S = 0.05
ACK_EACH_S = 0.25
ACK_EACH_BYTES = 64 * 1024
CSRF = "c" * 32
ENDED = ("completed", "stopped", "failed")

V = TypeVar("V", bound="Viewer")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, and the way on which they reach the server."""

    session_key: str
    url: str

    def by(self, url: str) -> Person:
        return Person(self.session_key, url)

    @property
    def cookies(self) -> dict[str, str]:
        return {"sessionid": self.session_key, "csrftoken": CSRF}

    def client(self) -> httpx.AsyncClient:
        timeout = httpx.Timeout(WAIT_S, read=40.0)  # two heartbeats: a stream says something every 15 s
        return httpx.AsyncClient(base_url=self.url, cookies=self.cookies, timeout=timeout)

    async def page(self, chat: str) -> str:
        """Return the page of a chat, or of a new one, as a reload gives it."""
        async with self.client() as client:
            answer = await client.get(f"/chat/{chat}/" if chat else "/chat/")
        assert answer.status_code == 200, answer.text[:500]
        return answer.text

    async def post(self, path: str) -> httpx.Response:
        async with self.client() as client:
            return await client.post(path, headers={"X-CSRFToken": CSRF, "HX-Request": "true"})

    async def send(self, text: str, *, chat: str = "", model: str = "") -> tuple[str, str]:
        """Send a prompt; return the ids of the chat and the generation. Nobody watches afterwards."""
        window = {"num_ctx": 65_536}  # prompts that hold a long answer to be repeated must fit
        body = {"message": text, "session_id": chat, "model": model, "options": window}
        headers = {"X-CSRFToken": CSRF}
        async with (
            self.client() as client,
            client.stream("POST", "/api/v1/chat/message/stream", json=body, headers=headers) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            return answer.headers["SMAIL-Session"], answer.headers["SMAIL-Generation"]


class Viewer:
    """What all have in common: they run until cancelled and say when something has changed."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.connections = 0
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Watch; come back after every loss."""
        while not self.is_done:
            with suppress(aiohttp.ClientError, httpx.HTTPError, OSError):
                await self._watch()
            await asyncio.sleep(AGAIN_S)

    @property
    def is_done(self) -> bool:
        return False

    async def _watch(self) -> None:
        raise NotImplementedError

    async def until(self, wanted: Callable[[], bool], seconds: float = WAIT_S) -> None:
        """Return as soon as this is so; it is asked after each thing that came."""
        try:
            async with asyncio.timeout(seconds):
                while not wanted():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s: {self!r}") from None


@asynccontextmanager
async def watching(viewer: V) -> AsyncIterator[V]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(viewer.run())
        try:
            yield viewer
        finally:
            task.cancel()


class PageViewer(Viewer):
    """A tab. `open` it first; `closes` are the codes with which its socket was closed."""

    def __init__(self, person: Person, chat: str) -> None:
        super().__init__(person)
        self.chat = chat
        self.screen: Screen
        self.cursors: dict[str, int] = {}
        self.heads: dict[str, int] = {}
        self.seen: list[str] = []  # the kinds of frames that came
        self.duplicates = self.gaps = 0

    async def open(self) -> None:
        self.screen = Screen(await self.person.page(self.chat))
        self.cursors = dict(self.screen.cursors)

    def text(self, message: str) -> str:
        return self.screen.texts().get(message, "")

    def ended(self, message: str) -> bool:
        return self.screen.state(message) in ENDED

    def take(self, frame: Mapping[str, Any]) -> bool:
        """Take a frame by the rules of the wire; False when something is missing before it."""
        kind = frame["type"]
        self.seen.append(kind)
        if kind == "reset" or kind == "frame":
            return self._take_text(frame, whole=kind == "reset")
        self.heads = frame.get("heads", self.heads)
        if "html" in frame:
            self.screen.apply(frame["html"])
        return True

    def _take_text(self, frame: Mapping[str, Any], *, whole: bool) -> bool:
        generation, seq = frame["generation"], frame["seq"]
        have = self.cursors.get(generation)
        if (whole and have is not None and seq < have) or (not whole and seq <= (have if have is not None else -1)):
            self.duplicates += 1
            return True
        if not whole and frame["after"] != (have or 0):
            self.gaps += 1
            return False
        self.cursors[generation] = seq
        self.screen.apply(frame["html"])
        return True

    @property
    def behind(self) -> bool:
        return any(seq > self.cursors.get(generation, 0) for generation, seq in self.heads.items())

    def __repr__(self) -> str:
        shown = {id_: (self.screen.state(id_), text[-60:]) for id_, text in self.screen.texts().items()}
        return f"{type(self).__name__}({shown}, cursors={self.cursors}, heads={self.heads}, last={self.seen[-5:]})"


class SocketViewer(PageViewer):
    """A tab with its WebSocket."""

    def __init__(self, person: Person, chat: str) -> None:
        super().__init__(person, chat)
        self.closes: list[int | None] = []
        self._acked = (0.0, 0)  # when, and the bytes that have come since
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def say(self, **verb: object) -> None:
        assert self._socket is not None
        await self._socket.send_str(json.dumps(verb))

    async def _watch(self) -> None:
        headers = {"Origin": self.person.url}
        async with (
            aiohttp.ClientSession(cookies=self.person.cookies) as session,
            session.ws_connect(self.person.url + "/ws/chat/", headers=headers, max_msg_size=0) as self._socket,
        ):
            self.connections += 1
            await self._open()
            async for message in self._socket:
                await self._hear(json.loads(message.data), len(message.data))
                self._changed.set()
            self.closes.append(self._socket.close_code)
            self._changed.set()

    async def _hear(self, frame: Mapping[str, Any], size: int) -> None:
        fits = self.take(frame)
        if not fits or (frame["type"] == "heartbeat" and self.behind):
            await self._open()
        elif "seq" in frame:
            await self._ack(frame, size)

    async def _ack(self, frame: Mapping[str, Any], size: int) -> None:
        """Say what has been shown, not for each frame: the server takes 50 messages a second from a page."""
        when, come = self._acked
        if time.monotonic() - when > ACK_EACH_S or come + size > ACK_EACH_BYTES:
            self._acked = (time.monotonic(), 0)
            await self.say(do="ack", generation=frame["generation"], seq=frame["seq"])
        else:
            self._acked = (when, come + size)

    async def _open(self) -> None:
        await self.say(do="open", chat=self.chat, cursors=self.cursors, last=self.screen.last)


class StreamViewer(PageViewer):
    """A tab whose WebSocket is blocked: the same frames as server-sent events. `ends` counts clean ends."""

    ends = 0

    async def _watch(self) -> None:
        cursor = ",".join(f"{generation}.{seq}" for generation, seq in self.cursors.items())
        params = {"cursor": cursor, "last": self.screen.last}
        async with (
            self.person.client() as client,
            client.stream("GET", f"/chat/{self.chat}/stream", params=params) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            self.connections += 1
            async for event in events_of(answer):
                fits = self.take(json.loads(event["data"]))
                self._changed.set()
                if not fits:
                    return
            self.ends += 1
            self._changed.set()


class ProgramViewer(Viewer):
    """A program that reads a generation's log; `events` as they came, `ids` their cursors, `late` seconds each."""

    def __init__(self, person: Person, generation: str) -> None:
        super().__init__(person)
        self.generation = generation
        self.events: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.arrivals: list[float] = []
        self.ends = 0

    @property
    def is_done(self) -> bool:
        return self.has("end")

    @property
    def text(self) -> str:
        text = ""
        for event in self.events:
            if event["type"] == "content":
                text += event["chunk"]
            elif event["type"] == "replace":
                text = event["content"]
        return text

    def has(self, type_: str) -> bool:
        return any(event["type"] == type_ for event in self.events)

    async def end(self, seconds: float = WAIT_S) -> None:
        await self.until(lambda: self.has("end"), seconds)

    async def _watch(self) -> None:
        headers = {"Last-Event-ID": self.ids[-1]} if self.ids else {}
        path = f"/api/v1/generations/{self.generation}/events"
        async with self.person.client() as client, client.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            self.connections += 1
            async for event in events_of(answer):
                said = json.loads(event["data"])
                assert event["event"] == said["type"]
                self.events.append(said)
                self.ids.append(event["id"])
                self.arrivals.append(time.time())
                self._changed.set()
            self.ends += 1
            self._changed.set()

    def __repr__(self) -> str:
        return f"ProgramViewer({[event['type'] for event in self.events[-5:]]}, {len(self.events)} events)"


async def events_of(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """Yield the server-sent events of a response, only whole ones; comments are left out."""
    buffer = b""
    async for data in answer.aiter_raw():
        buffer += data
        *whole, buffer = buffer.split(b"\n\n")
        for block in whole:
            fields = [line.partition(": ") for line in block.decode().split("\n") if not line.startswith(":")]
            if fields:
                yield {name: value for name, _, value in fields}
