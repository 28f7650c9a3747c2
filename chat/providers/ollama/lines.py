"""Cuts a stream of bytes into lines, on the byte \\n and nothing else.

Not `str.splitlines` and not httpx's `aiter_lines`: they also split at U+0085 and U+2028, which a model may write,
and so cut a JSON line in two. Any cut of the same bytes into pieces gives the same lines.
"""

from __future__ import annotations

from chat import errors


class LineSplitter:
    """Feed it bytes, get whole lines; `rest()` is what came after the last \\n."""

    __slots__ = ("_max_line_bytes", "_parts", "_size")

    def __init__(self, max_line_bytes: int) -> None:
        self._max_line_bytes = max_line_bytes
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes, without their \\n."""
        if b"\n" not in data:
            self._keep(data)
            return []
        lines = data.split(b"\n")
        last = lines.pop()
        if self._parts:
            lines[0] = b"".join((*self._parts, lines[0]))
            self._parts.clear()
            self._size = 0
        for line in lines:
            self._check(len(line))
        self._keep(last)
        return lines

    def rest(self) -> bytes:
        return b"".join(self._parts)

    def _keep(self, part: bytes) -> None:
        # A list, joined once: growing one bytes object would cost the square of a long line's length.
        if part:
            self._parts.append(part)
            self._size += len(part)
            self._check(self._size)

    def _check(self, size: int) -> None:
        if size > self._max_line_bytes:
            raise errors.StreamGarbled("The model server sent a line without end. The text so far is kept.")
