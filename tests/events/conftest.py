"""People who may send as much as a test wants."""

from __future__ import annotations

import pytest

from tests.road import plenty

__all__ = ["enough", "plenty"]


@pytest.fixture(autouse=True)
def enough(plenty: None) -> None:
    """Apply to every test here."""
