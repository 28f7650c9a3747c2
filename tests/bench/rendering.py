"""What a growing answer costs: CPU for each character, the worst step, bytes sent against the final HTML.

    python -m tests.bench.rendering [shape …]

Each shape is written out at 1,000, 10,000 and 100,000 characters and sent in frames of 4, 16, 64 and 256. `cpu` is
microseconds of process time for each character, `ratio` the same against 1,000 characters at the same cadence,
`html` the bytes of HTML carried against the final HTML, `wire` the same with the fragments' envelope.
"""

from __future__ import annotations

import gc
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from chat.rendering.grow import GrowingText
from chat.rendering.markdown import render

LENGTHS = (1_000, 10_000, 100_000)
FRAMES = (4, 16, 64, 256)
COLUMNS = ("chars", "frame", "cpu µs", "ratio", "worst ms", "html", "wire", "once ms")
TARGET = "message-AAAAAAAAAAAAAAAAAAAAAA-body"
_ENVELOPE = re.compile(r"<template id[^>]*>|</template>")

_SENTENCES = (
    "The **event log** is the only road between the one who writes and the ones who watch. ",
    "A prompt is committed before the model is called, so `seq` never has a gap. ",
    "See [the notes](https://example.org/notes) for *why* it is done this way; it is a long story. ",
    "What a person has seen is never lost, not by a closed tab and not by a dying model. ",
)
_CODE = (
    'def area(radius: float) -> float:\n    """Return the area."""\n'
    "    return 3.14159 * radius**2  # exact enough\n\n\n"
)
_MIXED = (
    "## Section {n}\n\n" + "".join(_SENTENCES) + "\n\n- first point with `code`\n- second **point**\n- third\n\n"
    "```python\n"
    + _CODE
    + "```\n\n"
    + _SENTENCES[0] * 3
    + "\n\n| name | value |\n|---|--:|\n| one | 1 |\n| two | 2 |\n\n"
    "1. **Do this** first, then look.\n2. Do that, and see what $x^2$ becomes.\n\n> A quote that says little.\n\n"
)


def _repeated(piece: str, length: int, *, start: str = "") -> str:
    count = length // len(piece) + 1
    return (start + "".join(piece.replace("{n}", str(number)) for number in range(count)))[:length]


SHAPES = {
    "mixed": lambda length: _repeated(_MIXED, length),
    "fence": lambda length: _repeated(_CODE, length, start="```python\n"),
    "list": lambda length: _repeated("- item {n} with a **few** words of text in it\n", length),
    "loose": lambda length: _repeated("- item {n} with a few words\n\n  and a paragraph\n\n", length),
    "nested": lambda length: _repeated("  - inner {n} with `some` text\n    - innermost\n", length, start="- outer\n"),
    "paragraph": lambda length: _repeated("".join(_SENTENCES), length),
    "table": lambda length: _repeated(
        "| row {n} | some **text** | 12.5 |\n", length, start="| a | b | c |\n|---|---|--:|\n"
    ),
    "quote": lambda length: _repeated("> line {n} of a *long* quotation\n", length),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run cost."""

    cpu_us: float
    worst_ms: float
    html: float
    wire: float
    one_shot_ms: float


def main() -> None:
    """Print the table; the process warms up first."""
    names = sys.argv[1:] or list(SHAPES)
    measure(SHAPES["mixed"](3_000), 64)
    print(" ".join(("shape".ljust(10), *(column.rjust(8) for column in COLUMNS))))
    for name in names:
        for frame in FRAMES:
            report(name, frame)


def report(name: str, frame: int) -> None:
    """Print the rows of one shape at one cadence."""
    base = 0.0
    for length in LENGTHS:
        found = measure(SHAPES[name](length), frame)
        base = base or found.cpu_us
        figures = (found.cpu_us, found.cpu_us / base, found.worst_ms, found.html, found.wire, found.one_shot_ms)
        print(f"{name:10} {length:8} {frame:8} " + " ".join(f"{figure:8.2f}" for figure in figures))


def measure(text: str, frame: int) -> Figures:
    """Send `text` in frames; short texts are measured over and over, so that the clock's step plays no part."""
    rounds = max(1, 20_000 // len(text))
    gc.collect()
    cpu = worst = 0.0
    for _ in range(rounds):
        sent, steps = _stream(text, frame)
        cpu += sum(steps)
        worst = max(steps) if not worst else min(worst, max(steps))
    started = time.process_time()
    final = render(text)
    one_shot = time.process_time() - started
    size = len(final.encode())
    return Figures(
        cpu_us=cpu / rounds / len(text) * 1e6,
        worst_ms=worst * 1e3,
        html=len(_ENVELOPE.sub("", sent).encode()) / size,
        wire=len(sent.encode()) / size,
        one_shot_ms=one_shot * 1e3,
    )


def _stream(text: str, frame: int) -> tuple[str, list[float]]:
    growing = GrowingText(TARGET)
    sent, steps = [], []
    for end in _ends(len(text), frame):
        started = time.process_time()
        sent.append(growing.advance(text[:end]))
        steps.append(time.process_time() - started)
    started = time.process_time()
    sent.append(growing.finish(text))
    steps.append(time.process_time() - started)
    return "".join(sent), steps


def _ends(length: int, frame: int) -> Iterator[int]:
    """Yield where frames end: uneven, as tokens are, but the same each time."""
    end = 0
    while end < length:
        end += max(1, frame + (end * 7 % 5 - 2) * frame // 4)
        yield min(end, length)


if __name__ == "__main__":
    main()
