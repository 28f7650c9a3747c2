"""Going on from a text that is there: drop what the model says again. Pure.

Asked to go on from a trailing assistant message, most models send only new text; some start over. Whether it starts
over is known once enough characters have come to tell: until then the beginning is held back.
"""

from __future__ import annotations

PROBE_CHARS = 24


class Overlap:
    """Filters the content deltas of a continued answer whose text so far is `prefix`."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._held = ""
        self._deciding = bool(prefix)
        self._repeating = 0  # characters of the prefix already said again

    def take(self, text: str) -> str:
        """Return what of this delta is new."""
        if self._deciding:
            self._held += text
            return self._decide()
        if self._repeating:
            return self._drop(text)
        return text

    def rest(self) -> str:
        """Return what is still held back at the end."""
        held, self._held, self._deciding = self._held, "", False
        return held

    def _decide(self) -> str:
        start = self._prefix[:PROBE_CHARS]
        held = self._held.lstrip()
        if start.startswith(held[: len(start)]) and len(held) < len(start):
            return ""
        self._deciding = False
        said, self._held = self._held, ""
        if len(start) < PROBE_CHARS or not held.startswith(start):
            return said
        self._repeating = len(self._prefix)
        return self._drop(held)

    def _drop(self, text: str) -> str:
        """Skip the prefix as long as it is said again; from the first difference on everything is new."""
        offset = len(self._prefix) - self._repeating
        expected = self._prefix[offset : offset + len(text)]
        if text.startswith(expected):
            self._repeating -= len(expected)
            return text[len(expected) :]
        self._repeating = 0
        return text
