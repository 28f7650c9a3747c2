"""Going on from a text that is there: drop what the model says again. Pure.

Asked to go on from a trailing assistant message, most models send only new text; some start over. Whether it starts
over is known once enough characters have come to tell: until then the beginning is held back. After a text shorter
than `PROBE_CHARS` nobody can tell, and nothing is dropped.
"""

from __future__ import annotations

PROBE_CHARS = 24


class Overlap:
    """Filters the content deltas of a continued answer whose text so far is `prefix`."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.lstrip()
        self._held = ""
        self._deciding = len(self._prefix) >= PROBE_CHARS
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
        if len(held) < PROBE_CHARS and start.startswith(held):
            return ""
        self._deciding = False
        said, self._held = self._held, ""
        if not held.startswith(start):
            return said
        self._repeating = len(self._prefix)
        return self._drop(held)

    def _drop(self, text: str) -> str:
        """Skip the prefix as long as it is said again; from the first difference on everything is new."""
        offset = len(self._prefix) - self._repeating
        expected = self._prefix[offset : offset + len(text)]
        same = next((i for i, char in enumerate(expected) if text[i : i + 1] != char), len(expected))
        self._repeating = self._repeating - same if same == len(expected) else 0
        return text[same:]
