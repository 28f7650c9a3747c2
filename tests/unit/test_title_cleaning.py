"""The title in what a model said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.generation.title import TITLE_CHARS, cleaned


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Bread for beginners", "Bread for beginners"),
        ('"Bread for beginners."', "Bread for beginners"),
        ("**Title:** Bread for beginners", "Bread for beginners"),
        ("# Bread\n\nHere is why I chose it …", "Bread"),
        ("\n\n  Bread   for\tbeginners \n", "Bread for beginners"),
        ("<think>The user wants bread.</think>\nBread", "Bread"),
        ("<think>never ends", ""),
        ("„Brot“ für «Anfänger»", "„Brot“ für «Anfänger"),
        ("What is 2 + 2?", "What is 2 + 2?"),
        ("", ""),
        ("***", ""),
        ("title:", ""),
    ],
)
def test_it_works(said: str, title: str) -> None:
    assert cleaned(said) == title


def test_a_long_one_is_cut_between_words() -> None:
    title = cleaned("word " * 50)
    assert len(title) <= TITLE_CHARS and title.endswith("word…")


@given(st.text(max_size=300))
def test_it_is_one_short_line(said: str) -> None:
    title = cleaned(said)
    assert len(title) <= TITLE_CHARS and title == " ".join(title.split())
