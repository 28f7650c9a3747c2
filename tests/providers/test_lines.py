"""The splitter: any cut of the same bytes gives the same lines."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from chat.providers.ollama.lines import LineSplitter

LINES = st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")))


def split(data: bytes, cuts: list[int], limit: int = 1000) -> tuple[list[bytes], bytes, bool]:
    splitter = LineSplitter(limit)
    lines: list[bytes] = []
    at = sorted({cut % (len(data) + 1) for cut in cuts} | {len(data)})
    for start, end in zip([0, *at], at, strict=False):
        lines += splitter.feed(data[start:end])
    return lines, splitter.rest(), splitter.is_too_long


@given(LINES, st.binary(max_size=40).map(lambda rest: rest.replace(b"\n", b"")), st.lists(st.integers(0, 4000)))
@example(["a\u0085b\u2028c\r\x0b\x0c".encode()], b"", [2, 3, 4])
def test_any_cut_gives_the_same_lines(lines: list[bytes], rest: bytes, cuts: list[int]) -> None:
    data = b"".join(line + b"\n" for line in lines) + rest
    assert split(data, cuts) == (lines, rest, False)


@given(st.integers(0, 20), st.lists(st.integers(0, 200)))
def test_a_line_over_the_limit_ends_it_wherever_it_is_cut(too_much: int, cuts: list[int]) -> None:
    data = b"good\n" + b"x" * (51 + too_much) + b"\nnever seen\n"
    assert split(data, cuts, limit=50) == ([b"good"], b"", True)


def test_a_line_at_the_limit_passes() -> None:
    assert split(b"x" * 50 + b"\n", [], limit=50) == ([b"x" * 50], b"", False)


def test_it_keeps_nothing_of_a_line_without_end() -> None:
    splitter = LineSplitter(100)
    for _ in range(1000):
        splitter.feed(b"x" * 60)
    assert splitter.is_too_long and splitter.rest() == b""
