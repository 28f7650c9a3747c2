"""What reading many streams from Ollama costs, by the way the bytes take into httpx.

    python -m tests.bench.upstream_reading [--streams 50 200 500] [--ways ours default ...]

Every way runs the same provider; only its transport differs. First table: the simulated server is a process of its
own, each answer is 150 tokens at 30 a second, all begun within 2 s; the figures are the CPU time of the reading
process for 1,000 tokens, decoding included, and the slowest answer (5.0 s at best). Second table: the CPU time of
one more short answer while so many others stand open.
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
from tests.ollama_sim import OllamaSimThread, Wait, reply  # noqa: E402

TOKENS = 150
TOKENS_PER_S = 30
JOIN_S = 2.0
PROMPT = "repeat: " + "".join(f"{number:04} " for number in range(TOKENS)).rstrip()
REQUEST = ChatRequest("sim", [ChatMessage("user", PROMPT)])
HELD = ChatRequest("sim", [ChatMessage("user", "held")])
SHORT = ChatRequest("sim", [ChatMessage("user", "repeat: yes")])
SHORT_ANSWERS = 50
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


async def hold(provider: OllamaProvider) -> None:
    async for _ in provider.stream(HELD):
        pass


async def measure_request(sim: OllamaSimThread, way: str, streams: int) -> str:
    provider = OllamaProvider(sim.url, transport=WAYS[way](sim.url))
    async with asyncio.TaskGroup() as group:
        held = [group.create_task(hold(provider)) for _ in range(streams)]
        await asyncio.to_thread(sim.wait_for, lambda server: server.gate("held").waiting == streams, 60)
        cpu = time.thread_time()  # of this thread: the simulator's is another
        for _ in range(SHORT_ANSWERS):
            async for _ in provider.stream(SHORT):
                pass
        spent_ms = (time.thread_time() - cpu) / SHORT_ANSWERS * 1000
        for task in held:
            task.cancel()
    await provider.aclose()
    return f"{way:14} {streams:5} streams  {spent_ms:6.2f} CPU ms for a request"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[50, 200, 500])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--only-requests", action="store_true", help="leave out the first table")
    parser.add_argument("--turns", type=int, default=1)
    wanted = parser.parse_args()
    for streams in [] if wanted.only_requests else wanted.streams:
        for way in wanted.ways * wanted.turns:
            with simulator() as url:
                print(asyncio.run(measure(url, way, streams)), flush=True)
    for streams in wanted.streams:
        for way in wanted.ways * wanted.turns:
            with OllamaSimThread(slots=2000) as sim:
                sim.script(*[reply("a", Wait("held"))] * streams, when=lambda request: b'"held"' in request.body)
                print(asyncio.run(measure_request(sim, way, streams)), flush=True)


if __name__ == "__main__":
    main()
