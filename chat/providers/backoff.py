"""How long to wait before trying a model server again: full jitter.

The wait before attempt n + 1 is evenly spread between 0 and min(8 s, 0.5 s x 2^(n-1)): at most 0.5, 1, 2, 4, 8, 8 …
seconds. Spreading over the whole range keeps answers that failed together from coming back together; 8 s is as
long as a person who sees "retrying in n s" will sit through.
"""

from __future__ import annotations

from collections.abc import Callable

FIRST_S = 0.5
MOST_S = 8.0


def delay_s(attempt: int, random: Callable[[], float]) -> float:
    """Return the wait after failed attempt number `attempt` (1, 2, …); `random` gives [0, 1)."""
    # 2**attempt of a large number would overflow before min() could help.
    ceiling = MOST_S if attempt > 16 else min(MOST_S, FIRST_S * 2 ** max(0, attempt - 1))
    return ceiling * random()
