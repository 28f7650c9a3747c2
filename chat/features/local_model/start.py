"""Starting the small model when no Ollama answers, and ending it with the process that needed it.

`ensure_model_server` asks OLLAMA_HOST once and says in plain words, on stderr, what it found and did. It returns
`Present` (something answers already), `Started` (ours, to be stopped at the end) or `Absent`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from chat.features.local_model.serve import NOT_INSTALLED
from chat.features.local_model.weights import is_installed
from chat.providers.demo import DEMO_MODEL, is_demo
from chat.providers.ollama.address import base_url, is_loopback

ASK_TIMEOUT_S = 2.0
START_TIMEOUT_S = 60.0
# A demo server whose parent was killed ends within milliseconds; an answer from it must not count.
ORPHAN_S = 0.5
STEP_S = 0.1

GET_OLLAMA = "For real use install Ollama: https://ollama.com/download"


@dataclass(frozen=True, slots=True)
class Present:
    """A server answers at OLLAMA_HOST, and it is not ours to stop."""

    version: str
    demo: bool


@dataclass(frozen=True, slots=True)
class Absent:
    """No server answers and none was started."""

    reason: str


@dataclass(frozen=True, slots=True)
class Started:
    """The small model runs as a child of this process; it also ends when this process dies in any way."""

    process: subprocess.Popen[bytes] = field(repr=False)
    log: Path

    def stop(self) -> None:
        """End the child; safe to call twice."""
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=5)
        if self.process.stdin:
            self.process.stdin.close()


ModelServerState = Present | Started | Absent


def ensure_model_server(ollama_host: str, local_model: str, *, manage_py: Path, log: Path) -> ModelServerState:
    """Return what serves models at `ollama_host`, after starting the small model where that is allowed and needed."""
    address = urlsplit(base_url(ollama_host))
    version = _settled_version(address)
    if version is not None:
        return Present(version=version, demo=is_demo(version))
    _say(f"No Ollama answers at {address.geturl()}.")
    reason = _why_not(address, local_model)
    if reason:
        _say(reason)
        return Absent(reason)
    return _start(address, manage_py, log)


def ask_version(address: SplitResult) -> str | None:
    """Return what `/api/version` says, or None where nothing answers as a model server does."""
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=ASK_TIMEOUT_S)
    try:
        connection.request("GET", f"{address.path.rstrip('/')}/api/version")
        answer = json.loads(connection.getresponse().read(4096))
        return str(answer["version"])
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


def _settled_version(address: SplitResult) -> str | None:
    version = ask_version(address)
    if version is not None and is_demo(version):
        time.sleep(ORPHAN_S)
        return ask_version(address)
    return version


def _why_not(address: SplitResult, local_model: str) -> str:
    if local_model == "off":
        return "SMAIL_LOCAL_MODEL=off: no small model is started either. Answers will fail until Ollama is there."
    if address.scheme != "http" or not is_loopback(address.geturl()):
        return "OLLAMA_HOST is another machine, so no small model is started here."
    if not is_installed():
        return f"{NOT_INSTALLED} {GET_OLLAMA}"
    return ""


def _start(address: SplitResult, manage_py: Path, log: Path) -> Started | Absent:
    _say(f"Starting the small demo model {DEMO_MODEL} there instead. {GET_OLLAMA}")
    host, port = address.hostname or "", str(address.port)
    process = _launch([str(manage_py), "serve_model", "--host", host, "--port", port, "--exit-with-input"], log)
    started = Started(process=process, log=log)
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if ask_version(address) is not None:
            _say(f"{DEMO_MODEL} is ready. It is far too small for real work; its log is {log}.")
            return started
        time.sleep(STEP_S)
    started.stop()
    reason = f"The small model did not start; {log} says why."
    _say(reason)
    return Absent(reason)


def _launch(arguments: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in the terminal must not end the model before the answers that it writes.
        return subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
