"""What the page shows of a block that is still being written: rendered up to a checkpoint, plain text from there.

A block is rendered anew only when its length passes the next checkpoint, each an eighth further than the last; so
all the renderings of a block together cost a fixed multiple of one, however long it grows. Everything here is a
function of the text alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from chat.rendering.sanitise import escape

_LAST_POINT = 1 << 24
# A finished line or block of less than this is shown at once, without waiting for the checkpoint.
PROMPT_CHARS = 2_048

# The beginning of a line that may still become anything: list, rule, table, formula; a fence's whole first line.
_UNDECIDED = re.compile(
    r"[ \t]*(?:[-=+*_#>|`~$:\\\[]+|\d{1,9}[.)]?)?(?:[ \t]*[-=*_|:]+)*[ \t]*|[ \t]*(?:```[^`]*|~~~.*)"
)
# Where plain text may be added: at the end of the innermost of these.
_TEXT_ENDS = re.compile(r"</(?:p|li|h[1-6])>(?:</(?:li|ul|ol|blockquote|div)>)*$")


def points(first: tuple[int, ...], share: int) -> list[int]:
    """Return checkpoints that grow by a `share`-th of the length, and by no less than the last of `first`."""
    found = [0, *first]
    while found[-1] < _LAST_POINT:
        found.append(found[-1] + max(first[-1], found[-1] // share))
    return found


# Beyond a few thousand characters in one block, text may stand unrendered a little longer than an eighth of it.
_POINTS = [point for point in points((2, 4, 8, 16), 8) if point < 4_096]
_POINTS += [point for point in points((_POINTS[-1],), 4) if point > 4_096]


@dataclass(frozen=True, slots=True)
class Live:
    """HTML up to the place where text grows, that text, and what closes it."""

    before: str = ""
    text: str = ""
    after: str = ""

    @property
    def html(self) -> str:
        return f"{self.before}{escape(self.text)}{self.after}"


NOTHING = Live()


def checkpoint(length: int, among: list[int] = _POINTS) -> int:
    """Return the last checkpoint that a text of `length` has passed."""
    return among[bisect_right(among, length) - 1]


def decided(text: str) -> str:
    """Return `text` without an unfinished last line that can't be read yet."""
    start = text.rfind("\n") + 1
    # Only a short beginning can be undecided; without the limit one endless line would be read at each step.
    if len(text) - start < 64 and _UNDECIDED.fullmatch(text, start):
        return text[:start]
    return text


class Window:
    """The rendered beginning of one growing text, remembered until the next checkpoint."""

    __slots__ = ("_cut", "_opened", "_point", "_render", "_rendered")

    def __init__(self, render: Callable[[str], str]) -> None:
        self._render = render
        self._point = self._cut = 0
        self._rendered = ""
        self._opened = _opened("")

    def live(self, text: str) -> Live:
        """Return what is shown of `text` so far; a quote's marks aren't shown in its unrendered lines."""
        shown = decided(text)
        self._move(shown)
        if not self._cut:
            return Live(self._render(shown)) if shown else NOTHING
        # The line's end is held back: it ends the block as often as not, and is nothing to see.
        rest = shown[self._cut :].rstrip()
        if not rest:
            return Live(self._rendered)
        before, after = self._opened
        return Live(before, rest.replace("\n> ", "\n") if text.startswith(">") else rest, after)

    def _move(self, text: str) -> None:
        point = checkpoint(len(text))
        if len(text) < PROMPT_CHARS:
            point = max(point, text.rfind("\n\n") + 1)
        if point == self._point:
            return
        self._point = point
        # Space at the end would be lost before the text that follows it.
        cut = len(decided(text[:point].rstrip()).rstrip())
        if cut != self._cut:
            self._cut = cut
            if cut:
                self._rendered = self._render(text[:cut])
                self._opened = _opened(self._rendered)


def _opened(html: str) -> tuple[str, str]:
    """Cut HTML at the place inside its last block where more text goes; a block of its own if there is none."""
    match = _TEXT_ENDS.search(html[-200:])
    if match is None:
        return html + "<p>", "</p>"
    return html[: len(html) - len(match[0])], match[0]
