"""How long to gather before a commit: short while the process is idle, longer the busier it is.

Each window costs a commit, and a rendering and a frame for every viewed answer, whatever it holds; so when the core
fills up, longer windows are the one thing that lets every answer keep its speed. Measured with 50 answers of 30
tokens/s: docs/benchmarks.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from chat.conf import conf

MEASURE_S = 0.5
STEEPNESS = 2.0  # the longest window is reached at half a core


class Pace:
    """`window_s` is a few milliseconds in an idle process and `conf.window_max_s` in a busy one.

    `clock` gives seconds, `cpu` the seconds of CPU that the process has used.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.process_time
    ) -> None:
        self._clock, self._cpu = clock, cpu
        self._since, self._spent = clock(), cpu()
        self._shortest, self._longest = conf.window_min_s, conf.window_max_s
        self._window_s = self._shortest

    def window_s(self) -> float:
        """Return the length of the next window in seconds."""
        now = self._clock()
        if now - self._since >= MEASURE_S:
            spent = self._cpu()
            busy = (spent - self._spent) / (now - self._since)
            self._since, self._spent = now, spent
            self._window_s = min(max(self._longest * STEEPNESS * busy, self._shortest), self._longest)
        return self._window_s
