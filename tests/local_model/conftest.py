"""The server with a scripted engine in a thread, and the real model in its own process."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chat.features.local_model.catalog import Catalog
from chat.features.local_model.engine import Emit
from chat.features.local_model.replies import Finish
from chat.features.local_model.server import ModelServer
from chat.features.local_model.weights import Weights

MANAGE_PY = Path(__file__).parents[2] / "manage.py"
PATIENCE_S = 60

Script = Callable[[Emit], Finish]


class ScriptedEngine:
    """Runs a script instead of a model; `prompts` and `options` are what it was asked."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.options: list[Mapping[str, Any]] = []
        self.script: Script = lambda emit: Finish("stop")
        self.begun = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def complete(self, prompt: str, options: Mapping[str, Any], window: int, emit: Emit) -> Finish:
        self.prompts.append(prompt)
        self.options.append(options)
        self.begun.release()
        try:
            return self.script(emit)
        finally:
            self.ended.release()


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def served(engine: ScriptedEngine, tmp_path: Path) -> Iterator[ModelServer]:
    weights = tmp_path / "tiny.gguf"
    weights.write_bytes(b"GGUF")
    catalog = Catalog(Weights(path=weights, size_bytes=4, modified_at=0))
    server = ModelServer("127.0.0.1", 0, engine=engine, catalog=catalog, max_waiting=1)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def running_model(*arguments: str, **popen: Any) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield the process of `manage.py serve_model` and its address; it is ended at the end."""
    command = [sys.executable, str(MANAGE_PY), "serve_model", "--port", "0", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **popen) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert " is served at " in line, line
            yield process, line.split()[-1]
        finally:
            process.kill()


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    with running_model() as (_, url):
        yield url
