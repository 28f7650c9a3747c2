"""The patch between two pieces of HTML: what is kept, and what is put after it.

A `Grow` says to go down to the last child `depth` times, to keep `keep` nodes there and `chars` UTF-16 units of the
text after them, and to append `html` in place of the rest. Formulas are replaced whole, never cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chat.rendering.html_path import Level, end_of_level, lowest, walk

# What a patch costs beside its HTML; two patches must save more than that over one.
ENVELOPE_CHARS = 96
_ATOMIC = "math"
_ENDS_CHARS = 400
_TRAILING_ENDS = re.compile(r"(?:</[a-z][a-z0-9-]*>)*\Z")


@dataclass(frozen=True, slots=True)
class Grow:
    """Keep what stands before the point `depth.keep.chars`; append `html`."""

    depth: int
    keep: int
    chars: int
    html: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the compared pieces begin: so many elements deep, after so many nodes and text units."""

    depth: int = 0
    keep: int = 0
    chars: int = 0


TOP = Place()


def patches(old: str, new: str, place: Place = TOP) -> list[Grow]:
    """Return the cheapest patches, in order, that turn `old` into `new` where both begin at `place`."""
    if old == new:
        return []
    common = _boundary(old, _common(old, new))
    levels = walk(old[:common], place.keep, place.chars)
    deepest = min(_reachable(old, common, levels), _before_atoms(levels))
    return min((_at_depth(new, common, levels, depth, place) for depth in range(deepest, -1, -1)), key=_cost)


def _cost(found: list[Grow]) -> int:
    return sum(len(grow.html) + ENVELOPE_CHARS for grow in found)


def _common(one: str, other: str) -> int:
    """Return the length of the common beginning; halving, as comparing slices is what Python does fast."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _boundary(html: str, position: int) -> int:
    """Move back out of a tag or an entity."""
    tag = html.rfind("<", 0, position)
    if tag > html.rfind(">", 0, position):
        return tag
    entity = html.rfind("&", max(0, position - 8), position)
    return entity if entity > html.rfind(";", 0, position) else position


def _reachable(old: str, common: int, levels: list[Level]) -> int:
    """Return how deep one gets by last children: to the elements still open where only closing tags follow."""
    ends = _TRAILING_ENDS.search(old, max(common, len(old) - _ENDS_CHARS))
    return lowest(old, common, ends.start() if ends else len(old), len(levels) - 1)


def _before_atoms(levels: list[Level]) -> int:
    return next((depth for depth, level in enumerate(levels[1:]) if level.tag == _ATOMIC), len(levels) - 1)


def _at_depth(new: str, common: int, levels: list[Level], depth: int, place: Place) -> list[Grow]:
    """Return the patches whose first one works at `depth`, and one more for each level above that grew as well."""
    level = levels[depth]
    start = common if depth == len(levels) - 1 else levels[depth + 1].start
    end = end_of_level(new, start) if depth else len(new)
    found = [Grow(place.depth + depth, level.keep, level.chars, new[start:end])]
    for above in range(depth - 1, -1, -1):
        start = new.index(">", end) + 1
        end = end_of_level(new, start) if above else len(new)
        if end > start:
            found.append(Grow(place.depth + above, levels[above].keep + 1, 0, new[start:end]))
    return found
