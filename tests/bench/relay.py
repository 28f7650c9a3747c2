"""The baseline: Channels on Daphne passing Ollama's tokens on, one frame a token, nothing stored, nobody signed in.

`python -m tests.bench.relay --port N --ollama URL [--client httpx|aiohttp]`.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import django
from django.conf import settings

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--ollama", required=True)
parser.add_argument("--client", choices=["httpx", "aiohttp"], default="httpx")
OPTIONS = parser.parse_args()

settings.configure(SECRET_KEY="x", INSTALLED_APPS=["daphne", "channels"], CHANNEL_LAYERS={}, USE_TZ=True)
django.setup()

import aiohttp  # noqa: E402
import httpx  # noqa: E402
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import URLRouter  # noqa: E402
from daphne.server import Server  # noqa: E402
from django.urls import path  # noqa: E402

clients: dict[str, Any] = {}


class Relay(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        body = {"model": "load", "messages": [{"role": "user", "content": json.loads(text_data or "")["text"]}]}
        lines = _httpx_lines(body) if OPTIONS.client == "httpx" else _aiohttp_lines(body)
        async for line in lines:
            said = json.loads(line)
            await self.send(json.dumps({"content": said["message"]["content"], "done": said["done"]}))


async def _httpx_lines(body: dict[str, Any]) -> Any:
    if not clients:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        clients["one"] = httpx.AsyncClient(timeout=None, limits=limits)
    async with clients["one"].stream("POST", f"{OPTIONS.ollama}/api/chat", json=body) as response:
        async for line in response.aiter_lines():
            yield line


async def _aiohttp_lines(body: dict[str, Any]) -> Any:
    if not clients:
        connector = aiohttp.TCPConnector(limit=0)
        clients["one"] = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
    async with clients["one"].post(f"{OPTIONS.ollama}/api/chat", json=body) as response:
        async for line in response.content:
            yield line


Server(URLRouter([path("ws/chat/", Relay.as_asgi())]), endpoints=[f"tcp:port={OPTIONS.port}:interface=127.0.0.1"]).run()
