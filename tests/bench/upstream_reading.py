"""What reading many streams from Ollama costs, by the way the bytes take into httpx.

    python -m tests.bench.upstream_reading [--streams 50 200 500] [--ways ours default ...]

The simulated server runs in a process of its own; each answer is 150 tokens at 30 a second, all begun within 2 s.
The figure is the CPU time of the reading process for 1,000 tokens, decoding included, and the slowest answer in
seconds (5.0 at best). Every way runs the same provider; only its transport differs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import django
import httpx

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smail.settings")
django.setup()

from chat.providers.ollama.client import OllamaProvider  # noqa: E402
from chat.providers.ollama.transport import AiohttpTransport  # noqa: E402
from chat.providers.types import ChatMessage, ChatRequest, TextDelta  # noqa: E402

TOKENS = 150
TOKENS_PER_S = 30
JOIN_S = 2.0
PROMPT = "repeat: " + "".join(f"{number:04} " for number in range(TOKENS)).rstrip()
REQUEST = ChatRequest("sim", [ChatMessage("user", PROMPT)])
TLS = httpx.create_ssl_context()
UNLIMITED = httpx.Limits(max_connections=None, max_keepalive_connections=None)


class TransportPerStream(httpx.AsyncBaseTransport):
    """httpx's own transport, but a new one, with a pool of one, for each request."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = httpx.AsyncHTTPTransport(verify=TLS)
        response = await transport.handle_async_request(request)
        response.extensions["transport"] = transport
        return response


def httpx_aiohttp_transport(url: str) -> httpx.AsyncBaseTransport:
    # Not a requirement: installed only where this way is to be measured again.
    from httpx_aiohttp import AiohttpTransport as Foreign

    return Foreign(verify=TLS, limits=httpx.Limits(max_connections=0))


WAYS: dict[str, Callable[[str], httpx.AsyncBaseTransport]] = {
    "default": lambda url: httpx.AsyncHTTPTransport(verify=TLS, limits=UNLIMITED),
    "per-stream": lambda url: TransportPerStream(),
    "httpx-aiohttp": httpx_aiohttp_transport,
    "ours": AiohttpTransport,
}


@contextmanager
def simulator() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.ollama_sim", "--slots", "2000", "--tokens-per-s", str(TOKENS_PER_S)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


async def answer(provider: OllamaProvider, delay_s: float) -> tuple[int, float]:
    """Return how many tokens came and how long the answer took."""
    await asyncio.sleep(delay_s)
    started, tokens = time.perf_counter(), 0
    async for delta in provider.stream(REQUEST):
        tokens += isinstance(delta, TextDelta)
    return tokens, time.perf_counter() - started


async def measure(url: str, way: str, streams: int) -> str:
    provider = OllamaProvider(url, transport=WAYS[way](url))
    cpu = time.process_time()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(answer(provider, JOIN_S * number / streams)) for number in range(streams)]
    results = [task.result() for task in tasks]
    tokens = sum(count for count, _ in results)
    spent = (time.process_time() - cpu) / tokens * 1000
    await provider.aclose()
    slowest = max(seconds for _, seconds in results)
    return f"{way:14} {streams:5} streams  {spent:6.3f} CPU s/1k tokens  slowest {slowest:5.2f} s  {tokens} tokens"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[50, 200, 500])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--turns", type=int, default=1)
    wanted = parser.parse_args()
    for streams in wanted.streams:
        for way in wanted.ways * wanted.turns:
            with simulator() as url:
                print(asyncio.run(measure(url, way, streams)), flush=True)


if __name__ == "__main__":
    main()
