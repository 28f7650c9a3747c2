"""Cursors: what is written is read back, and nothing else is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.errors import InvalidRequest
from chat.models.ids import new_id
from chat.transports.cursor import MOST, parsed, seq_in, written

A, B = "a" * 22, "B-_4567890123456789012"
ids = st.text("abcXYZ019-_", min_size=22, max_size=22)
seqs = st.integers(0, 999_999_999)


@given(st.dictionaries(ids, seqs, max_size=MOST))
def test_it_works(cursors: dict[str, int]) -> None:
    assert parsed(written(cursors)) == cursors


def test_real_ids_are_taken() -> None:
    cursors = {new_id(): number for number in range(20)}
    assert parsed(written(cursors)) == cursors


MALFORMED = [
    "x",
    f"{A}",
    f"{A}.",
    f".{A}",
    f"{A}.-1",
    f"{A}.+1",
    f"{A}.01",
    f"{A}.1.2",
    f"{A}.1,",
    f",{A}.1",
    f"{A}.1 ",
    f"{A}.1\n",
    f"{A}.1\r\nX: y",
    f"{A}.٣",
    f"{A}.1\0",
    f"{A}.9999999999",
    f"{A[1:]}.1",
    f"{A}a.1",
    f"{A[1:]}é.1",
    f"{A[1:]}'.1",
]


@pytest.mark.parametrize("text", MALFORMED)
def test_it_rejects_anything_else(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parsed(text)
    with pytest.raises(InvalidRequest):
        seq_in(text, A)


@given(st.text(max_size=60))
def test_no_text_makes_it_stumble(text: str) -> None:
    try:
        found = parsed(text)
    except InvalidRequest:
        return
    assert written(found) == text or text.count(",") >= len(found)


def test_it_rejects_too_many() -> None:
    with pytest.raises(InvalidRequest):
        parsed(",".join(f"{n:022d}.1" for n in range(MOST + 1)))


@pytest.mark.parametrize(("text", "seq"), [("", 0), ("0", 0), ("17", 17), (f"{A}.17", 17)])
def test_the_cursor_of_one_generation(text: str, seq: int) -> None:
    assert seq_in(text, A) == seq


@pytest.mark.parametrize("text", [f"{B}.17", "-1", "1" * 10, "٣", "1e3", "½"])
def test_it_rejects_a_cursor_of_another_generation(text: str) -> None:
    with pytest.raises(InvalidRequest):
        seq_in(text, A)
