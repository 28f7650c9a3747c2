"""Real SMAIL processes on one database, to be killed, frozen and started again, and what /proc says of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_S = 30.0
READY = "SMAIL is ready"

# So quick that a test can see a lease run out; the figures of the product are used by the slow tests.
QUICK: Mapping[str, Any] = {
    "lease_s": 2.0,
    "renew_s": 0.5,
    "tick_s": 0.5,
    "slots_per_model": 32,
    "max_running": 32,
    "max_queued": 200,
    "messages_per_minute": 10_000,
    "max_sockets_per_user": 500,
    "max_attempts": 1,
}


class Process:
    """A command that runs. Its output is read by a thread, so that nothing ever waits for us."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._popen = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self._popen.pid
        self.began = time.monotonic()
        self._said: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def said(self) -> str:
        return "".join(self._said)

    async def says(self, text: str, seconds: float = START_S) -> None:
        """Wait until it has printed this; an error with all it printed when it ends or stays silent."""
        assert await asyncio.to_thread(self._wait_for, text, seconds), f"no {text!r} in:\n{self.said}"

    async def ended(self, seconds: float = 15.0) -> int:
        """Wait for its end and return the exit code."""
        code = await asyncio.to_thread(self._popen.wait, seconds)
        await asyncio.to_thread(self._reader.join, seconds)
        return code

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    async def kill(self) -> None:
        """End it as the kernel would when memory runs out."""
        self.send(signal.SIGKILL)
        await self.ended()

    def clean_up(self) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
        self._reader.join()

    def memory(self) -> int:
        """Return the bytes of its own that it holds in memory; without the pages of the mapped database file."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("RssAnon:"))
        return int(line.split()[1]) * 1024

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def open_files(self, path: Path) -> int:
        """Return how often it has this file open."""
        links = Path(f"/proc/{self.pid}/fd").iterdir()
        return sum(_target(link) == str(path) for link in links)

    def _read(self) -> None:
        assert self._popen.stdout is not None
        with self._popen.stdout as output:
            for line in output:
                with self._news:
                    self._said.append(line)
                    self._news.notify_all()
        with self._news:
            self._said.append("[end of output]\n")
            self._news.notify_all()

    def _wait_for(self, text: str, seconds: float) -> bool:
        with self._news:
            self._news.wait_for(lambda: text in self.said or "[end of output]\n" in self._said, seconds)
            return text in self.said


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as the database has it."""

    seq: int
    type: str
    data: Mapping[str, Any]
    epoch: int


class Site:
    """One installation: a database, a model server's address, and the processes that were started on it."""

    def __init__(self, folder: Path, ollama_url: str) -> None:
        self.folder = folder
        self.database = folder / "smail.sqlite3"
        self.port = free_port()
        self.ollama_url = ollama_url
        self.conf: dict[str, Any] = dict(QUICK)
        self._processes: list[Process] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, **more: str) -> dict[str, str]:
        static = self.folder / "static"
        static.mkdir(exist_ok=True)
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "FAULTS_STATIC_ROOT": str(static),
            "FAULTS_CONF": json.dumps(self.conf),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "OLLAMA_HOST": self.ollama_url,
            "REDIS_URL": "",
            "SMAIL_LOCAL_MODEL": "off",
            "SMAIL_WORKER": "embedded",
            "SECRET_KEY": "only for these tests",
            "DEBUG": "0",
            "PYTHONUNBUFFERED": "1",
            **more,
        }

    def start(self, *arguments: str, **environment: str) -> Process:
        process = Process([sys.executable, "manage.py", *arguments], self.environment(**environment))
        self._processes.append(process)
        return process

    async def serve(self, **environment: str) -> Process:
        """Start the web process and wait until it listens."""
        process = self.start("serve", "--port", str(self.port), **environment)
        await process.says(READY)
        return process

    def worker(self) -> Process:
        return self.start("worker")

    def clean_up(self) -> None:
        for process in self._processes:
            process.clean_up()

    # --- what is stored

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def log(self, generation: str) -> list[Stored]:
        found = self.rows(
            "SELECT e.seq, e.type, e.data, e.epoch FROM chat_event e JOIN chat_generation g ON g.id = e.generation_id "
            "WHERE g.public_id = ? ORDER BY e.seq",
            generation,
        )
        return [Stored(seq, type_, json.loads(data), epoch) for seq, type_, data, epoch in found]

    def text(self, generation: str) -> str:
        """Return the text that the log amounts to."""
        text = ""
        for event in self.log(generation):
            if event.type == "content":
                text += event.data["chunk"]
            elif event.type == "replace":
                text = event.data["content"]
        return text

    def row(self, generation: str) -> dict[str, Any]:
        """Return the state, epoch and error of a generation and the content of its message."""
        names = ("state", "epoch", "finish_reason", "error_code", "idle_claims", "recoveries")
        columns = ", ".join(f"g.{name}" for name in names)
        sql = f"SELECT {columns}, m.content, m.public_id FROM chat_generation g JOIN chat_message m "
        (found,) = self.rows(f"{sql} ON m.id = g.message_id WHERE g.public_id = ?", generation)
        return dict(zip((*names, "content", "message"), found, strict=True))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def within(seconds: float, question: Callable[[], bool]) -> None:
    """Wait until a question that only the outside of a process can answer is answered by yes."""
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, f"not within {seconds} s"
        await asyncio.sleep(0.02)  # neither /proc nor a database file calls back


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:  # closed meanwhile
        return ""
