"""Cuts a stream of bytes into lines, on the byte \\n and nothing else.

Not `str.splitlines` and not httpx's `aiter_lines`: they also split at U+0085 and U+2028, which a model may write,
and so cut a JSON line in two. Any cut of the same bytes into pieces gives the same lines.
"""

from __future__ import annotations


class LineSplitter:
    """Feed it bytes, get whole lines; `rest()` is what came after the last \\n.

    A line of more than `max_line_bytes` sets `is_too_long`, and nothing is given or kept from there on; an error
    instead would lose the good lines that came in the same piece.
    """

    __slots__ = ("_max_line_bytes", "_parts", "_size", "is_too_long")

    def __init__(self, max_line_bytes: int) -> None:
        self._max_line_bytes = max_line_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self.is_too_long = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes, without their \\n."""
        if self.is_too_long:
            return []
        *lines, last = data.split(b"\n")
        if lines and self._parts:
            lines[0] = b"".join((*self._parts, lines[0]))
            self._forget()
        for number, line in enumerate(lines):
            if len(line) > self._max_line_bytes:
                self.is_too_long = True
                return lines[:number]
        self._keep(last)
        return lines

    def rest(self) -> bytes:
        return b"".join(self._parts)

    def _keep(self, part: bytes) -> None:
        # A list, joined once: growing one bytes object would cost the square of a long line's length.
        self._size += len(part)
        if self._size > self._max_line_bytes:
            self.is_too_long = True
            self._forget()
        elif part:
            self._parts.append(part)

    def _forget(self) -> None:
        self._parts.clear()
        self._size = 0
