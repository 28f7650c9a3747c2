"""Starting the small model where no Ollama answers; real processes on free ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chat.features.local_model.server import ModelServer
from chat.features.local_model.start import Absent, Present, Started, ask_version, ensure_model_server
from tests.local_model.conftest import MANAGE_PY, PATIENCE_S


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_it_finds_a_server_that_is_there(
    served: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ensure_model_server(served.url, "auto", manage_py=MANAGE_PY, log=tmp_path / "model.log")
    assert isinstance(found, Present)
    assert found.demo
    assert capsys.readouterr().err == ""


def test_it_starts_the_model_and_stops_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    started = ensure_model_server(f"127.0.0.1:{port}", "auto", manage_py=MANAGE_PY, log=tmp_path / "var" / "model.log")
    assert isinstance(started, Started)
    assert ask_version(urlsplit(f"http://127.0.0.1:{port}/")) is not None
    said = capsys.readouterr().err
    assert f"No Ollama answers at http://127.0.0.1:{port}" in said
    assert "ollama.com/download" in said
    started.stop()
    started.stop()
    assert started.process.returncode == 0
    assert ask_version(urlsplit(f"http://127.0.0.1:{port}/")) is None


@pytest.mark.parametrize(
    ("host", "choice", "words"),
    [("127.0.0.1", "off", "SMAIL_LOCAL_MODEL=off"), ("192.0.2.1", "auto", "another machine")],
)
def test_it_starts_nothing_where_it_may_not(tmp_path: Path, host: str, choice: str, words: str) -> None:
    absent = ensure_model_server(f"{host}:{free_port()}", choice, manage_py=MANAGE_PY, log=tmp_path / "model.log")
    assert isinstance(absent, Absent)
    assert words in absent.reason


def test_the_model_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    port = free_port()
    code = (
        "import sys, pathlib\n"
        "from chat.features.local_model.start import ensure_model_server\n"
        "state = ensure_model_server(sys.argv[1], 'auto', manage_py=pathlib.Path(sys.argv[2]),"
        " log=pathlib.Path(sys.argv[3]))\n"
        "print(state.process.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, f"127.0.0.1:{port}", str(MANAGE_PY), str(tmp_path / "model.log")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=MANAGE_PY.parent
    ) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    wait_for_exit(child)
    assert ask_version(urlsplit(f"http://127.0.0.1:{port}/")) is None


def wait_for_exit(pidfd: int) -> None:
    import select

    readable, _, _ = select.select([pidfd], [], [], PATIENCE_S)
    os.close(pidfd)
    assert readable
