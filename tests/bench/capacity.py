"""Streams at once: SMAIL beside bare relays, in the same run. `python -m tests.bench.capacity [--streams 50 …]`.

The server has core 0 to itself; source and load share core 1. Every token is a mark (tests/bench/source), so that
*delay* is read by the viewer minus written by the source, and lost or doubled tokens are counted exactly. CPU is that
of the server process, in seconds for 1,000 tokens. SMAIL signs people in, stores every token before it is shown and
renders Markdown; the relays do none of that.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
MARK = re.compile(r"w(\d+)i(\d+)t(\d+)")
TICKS = os.sysconf("SC_CLK_TCK")
SPREAD_S = 2.0
ACK_EACH_US = 250_000  # as the page does


@dataclass
class Seen:
    """What one run has shown."""

    delays_us: list[int] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    frames: int = 0
    wire_bytes: int = 0
    slowest_s: float = 0.0


@dataclass(frozen=True)
class Viewer:
    """How to be one viewer of a server: headers, what to say first, what to say to begin."""

    headers: Mapping[str, str]
    opening: Mapping[str, object] | None
    chat: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(arguments: list[str], core: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def listening(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def watch(
    session: aiohttp.ClientSession, port: int, number: int, tokens: int, viewer: Viewer, seen: Seen, gate: asyncio.Event
) -> None:
    """Be one viewer from the prompt to the last token."""
    url = f"http://127.0.0.1:{port}/ws/chat/"
    async with session.ws_connect(url, origin=f"http://127.0.0.1:{port}", headers=viewer.headers, max_msg_size=0) as ws:
        if viewer.opening:
            await ws.send_json(viewer.opening)
        await gate.wait()
        await asyncio.sleep(SPREAD_S * (number * 0.618 % 1))
        said = {"do": "send", "chat": viewer.chat, "key": f"k{number}.{time.monotonic()}", "text": f"{number} {tokens}"}
        began = time.monotonic()
        await ws.send_json(said)
        had: set[int] = set()
        acked = 0
        while len(had) < tokens:
            message = await ws.receive(timeout=60)
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            now = time.monotonic_ns() // 1000
            seen.frames += 1
            seen.wire_bytes += len(message.data)
            body = json.loads(message.data)
            _note(body, number, now, had, seen)
            if body.get("type") == "frame" and now - acked > ACK_EACH_US:
                acked = now
                await ws.send_json({"do": "ack", "generation": body["generation"], "seq": body["seq"]})
        seen.lost += tokens - len(had)
        seen.slowest_s = max(seen.slowest_s, time.monotonic() - began)


def _note(body: Mapping[str, object], number: int, now: int, had: set[int], seen: Seen) -> None:
    html = str(body.get("html") or body.get("content") or "")
    here: set[int] = set()
    for stream, index, written in MARK.findall(html):
        if int(stream) != number:
            continue
        if int(index) in here:
            seen.doubled += 1
        here.add(int(index))
        if int(index) not in had:
            had.add(int(index))
            seen.delays_us.append(now - int(written))


async def measure(name: str, port: int, pid: int, viewers: list[Viewer], tokens: int) -> dict[str, float | str]:
    seen = Seen()
    gate = asyncio.Event()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for number, viewer in enumerate(viewers):
            group.create_task(watch(session, port, number, tokens, viewer, seen, gate))
        await asyncio.sleep(2 + len(viewers) / 200)
        before, began = cpu_s(pid), time.monotonic()
        gate.set()
    spent = cpu_s(pid) - before
    total = len(viewers) * tokens
    delays = sorted(seen.delays_us) or [0]
    return {
        "server": name,
        "streams": len(viewers),
        "p50 ms": round(delays[len(delays) // 2] / 1000, 1),
        "p99 ms": round(delays[int(len(delays) * 0.99)] / 1000, 1),
        "CPU s/1k": round(spent / total * 1000, 4),
        "core %": round(100 * spent / (time.monotonic() - began)),
        "frames/token": round(seen.frames / total, 2),
        "bytes/token": round(seen.wire_bytes / total),
        "lost": seen.lost,
        "doubled": seen.doubled,
        "slowest s": round(seen.slowest_s, 1),
        "RSS MB": round(rss_mb(pid)),
    }


PEOPLE = """
import json, sys
from django.contrib.auth import SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from accounts.models import User
from chat.models import ChatSession
made = []
for i in range({count}):
    user = User.objects.create(username=f"load{{i}}", password="!")
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    chat = ChatSession.objects.create(user=user, touched_at=timezone.now(), model="load:latest", title_source="user")
    made.append([store.session_key, chat.public_id])
print("PEOPLE" + json.dumps(made))
"""


def prepared(count: int, environment: Mapping[str, str]) -> list[Viewer]:
    """Make the database with this many signed-in people, each with an empty chat."""
    every = {**os.environ, **environment}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=every, check=True)
    code = PEOPLE.format(count=count)
    shell = [sys.executable, "manage.py", "shell", "-v0", "-c", code]
    done = subprocess.run(shell, cwd=ROOT, env=every, check=True, capture_output=True, text=True)
    made = json.loads(done.stdout.split("PEOPLE", 1)[1])
    return [
        Viewer({"Cookie": f"sessionid={key}"}, {"do": "open", "chat": chat, "cursors": {}}, chat) for key, chat in made
    ]


async def run_smail(source: int, streams: int, tokens: int) -> dict[str, float | str]:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environment = {
            "DATABASE_URL": os.environ.get("BENCH_DATABASE_URL") or f"sqlite:///{folder}/bench.sqlite3",
            "OLLAMA_HOST": f"http://127.0.0.1:{source}",
            "SMAIL_LOCAL_MODEL": "off",
            "SMAIL_SLOTS": "100000",
        }
        viewers = prepared(streams, environment)
        with running(["manage.py", "serve", "--port", str(port)], 0, **environment) as process:
            await listening(port)
            return await measure("SMAIL", port, process.pid, viewers, tokens)


async def run_relay(client: str, source: int, streams: int, tokens: int) -> dict[str, float | str]:
    port = free_port()
    arguments = ["-m", "tests.bench.relay", "--port", str(port), "--ollama", f"http://127.0.0.1:{source}"]
    with running([*arguments, "--client", client], 0) as process:
        await listening(port)
        viewers = [Viewer({}, None, "")] * streams
        return await measure(f"relay ({client})", port, process.pid, viewers, tokens)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 50, 200])
    parser.add_argument("--tokens", type=int, default=300)
    parser.add_argument("--rate", type=float, default=30)
    parser.add_argument(
        "--only", choices=["smail", "httpx", "aiohttp"], nargs="+", default=["smail", "httpx", "aiohttp"]
    )
    options = parser.parse_args()
    os.sched_setaffinity(0, {1})
    source = free_port()
    with running(["-m", "tests.bench.source", "--port", str(source), "--tokens-per-s", str(options.rate)], 1):
        await listening(source)
        header = False
        for streams in options.streams:
            for which in options.only:
                run = (
                    run_smail(source, streams, options.tokens)
                    if which == "smail"
                    else run_relay(which, source, streams, options.tokens)
                )
                row = await run
                if not header:
                    print(" | ".join(f"{name:>12}" for name in row))
                    header = True
                print(" | ".join(f"{value:>12}" for value in row.values()), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
