from __future__ import annotations

import pytest

from chat.providers.backoff import delay_s


@pytest.mark.parametrize(("attempt", "most"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 8), (10_000, 8)])
def test_it_doubles_up_to_its_ceiling(attempt: int, most: float) -> None:
    assert delay_s(attempt, lambda: 1.0) == most


def test_it_uses_the_whole_range() -> None:
    assert [delay_s(3, lambda share=share: share) for share in (0.0, 0.25, 0.5)] == [0.0, 0.5, 1.0]
