"""Counting while an answer is written: tokens, speed, and the usage to store.

Ollama sends about one token a line, so deltas are counted as tokens until the server's own figures come with the
last line.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from chat.events.types import Payload, Usage
from chat.providers.types import Done

EACH_S = 1.0


class Meter:
    """`window` is the model's context in tokens, None while unknown. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.window: int | None = None
        self.deltas = 0
        self._clock = clock
        self._first_at = 0.0
        self._said_at = 0.0

    def count(self) -> None:
        now = self._clock()
        if not self.deltas:
            self._first_at = self._said_at = now
        self.deltas += 1

    def due(self) -> bool:
        """Return whether a second has gone since the speed was last said."""
        now = self._clock()
        if now - self._said_at < EACH_S:
            return False
        self._said_at = now
        return True

    def running_usage(self) -> Usage:
        """Return what is known in the middle of an answer."""
        return Usage(None, self.deltas, self._speed(), None, self.window)

    def usage(self, done: Done | None = None) -> list[Payload]:
        """Return the final usage, with the server's figures where it sent any; nothing where nothing was written."""
        if not self.deltas and done is None:
            return []
        completion = done.completion_tokens if done and done.completion_tokens is not None else self.deltas
        prompt = done.prompt_tokens if done else None
        used = None if prompt is None else prompt + completion
        return [Usage(prompt, completion, self._final_speed(done, completion), used, self.window)]

    def _final_speed(self, done: Done | None, completion: int) -> float | None:
        if done and done.completion_s and done.completion_tokens:
            return round(completion / done.completion_s, 1)
        return self._speed()

    def _speed(self) -> float | None:
        spent = self._clock() - self._first_at
        return round((self.deltas - 1) / spent, 1) if self.deltas > 1 and spent > 0 else None
