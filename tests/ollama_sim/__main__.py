"""The simulated server as a process: prints its address, serves until it is ended."""

from __future__ import annotations

import argparse
import asyncio
import signal

from tests.ollama_sim.server import OllamaSim


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.ollama_sim", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tokens-per-s", type=float, default=30.0, help="per answer; 0: no delay")
    parser.add_argument("--jitter", type=float, default=0.0, help="0 to 1, share of the pause between tokens")
    parser.add_argument("--load-s", type=float, default=0.0)
    parser.add_argument("--slots", type=int, default=1, help="answers at once for each model")
    return parser.parse_args()


async def main(wanted: argparse.Namespace) -> None:
    sim = OllamaSim(tokens_per_s=wanted.tokens_per_s)
    sim.jitter, sim.load_s, sim.slots = wanted.jitter, wanted.load_s, wanted.slots
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await sim.start(wanted.port)
    print(sim.url, flush=True)
    await stopped.wait()
    await sim.aclose()


if __name__ == "__main__":
    asyncio.run(main(arguments()))
