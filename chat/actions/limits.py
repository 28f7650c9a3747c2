"""What a person may have and how fast: checked by one function before anything starts."""

from __future__ import annotations

import time
from functools import cache

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from accounts.models import User
from chat.conf import conf
from chat.errors import PromptTooLong, QueueFull, RateLimited
from chat.models import Generation

QUEUE_RETRY_S = 10


def check_text(text: str) -> None:
    if len(text) > conf.max_prompt_chars:
        raise PromptTooLong(
            f"That message has {len(text):,} characters; {conf.max_prompt_chars:,} are allowed. Nothing was sent."
        )


def check_rate(user: User) -> None:
    """Count one message of this user; raise `RateLimited` when it is one too many in a minute."""
    item = RateLimitItemPerMinute(conf.messages_per_minute)
    try:
        limiter = _limiter()
        allowed = limiter.hit(item, "messages", str(user.pk))
        reset_at = limiter.get_window_stats(item, "messages", str(user.pk)).reset_time
    except RedisError:  # Redis may vanish: each process then counts for itself
        limiter = _own_limiter()
        allowed = limiter.hit(item, "messages", str(user.pk))
        reset_at = limiter.get_window_stats(item, "messages", str(user.pk)).reset_time
    if not allowed:
        raise RateLimited(retry_after=int(reset_at - time.time()) + 1)


def check_queue(user: User) -> None:
    """Raise `QueueFull` when the user has as many open generations as allowed. The caller holds the user's lock."""
    allowed = conf.max_running + conf.max_queued
    if Generation.objects.open().filter(user=user).count() >= allowed:
        raise QueueFull(
            f"You have {allowed} answers waiting or being written, as many as allowed. Wait for one or stop one.",
            retry_after=QUEUE_RETRY_S,
        )


@cache
def _limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(storage_from_string(settings.RATE_LIMIT_STORAGE))


@cache
def _own_limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
