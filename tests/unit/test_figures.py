"""Figures are said as people say them."""

from __future__ import annotations

import pytest

from chat.rendering.figures import gigabytes, seconds, speed


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (60, "1 min"), (185.4, "3 min 5 s")]
)
def test_seconds(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(4.26, "4.3 tokens/s"), (9.96, "10 tokens/s"), (31.4, "31 tokens/s")])
def test_speed(value: float, text: str) -> None:
    assert speed(value) == text


@pytest.mark.parametrize(("value", "text"), [(270_898_672, "271 MB"), (2_019_393_189, "2.0 GB")])
def test_gigabytes(value: int, text: str) -> None:
    assert gigabytes(value) == text
