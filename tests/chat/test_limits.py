"""Limits hold before anything starts, also for who asks many times at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from accounts.models import User
from chat.actions.limits import check_rate
from chat.actions.stop import stop_generation
from chat.errors import QueueFull, RateLimited, SmailError
from chat.models import Generation, Message
from tests.road import say

pytestmark = pytest.mark.django_db


@pytest.fixture
def limited(settings: Settings) -> Settings:
    settings.SMAIL = replace(settings.SMAIL, messages_per_minute=3, max_running=1, max_queued=3)
    return settings


def test_it_works(owner: User, limited: Settings) -> None:
    for _ in range(3):
        say(owner)
    with pytest.raises(RateLimited) as refusal:
        say(owner)
    assert 1 <= refusal.value.retry_after <= 60 and str(refusal.value.retry_after) in refusal.value.text
    assert Generation.objects.count() == 3


def test_each_user_has_a_minute_of_their_own(owner: User, outsider: User, limited: Settings) -> None:
    for _ in range(3):
        say(owner)
    assert say(outsider).created


def test_the_same_prompt_again_does_not_count(owner: User, limited: Settings) -> None:
    for _ in range(10):
        say(owner, key="the same")
    assert say(owner).created and Message.objects.filter(role="user").count() == 2


def test_a_refused_prompt_may_be_sent_again_under_its_key(owner: User, limited: Settings) -> None:
    for _ in range(3):
        say(owner)
    with pytest.raises(RateLimited):
        say(owner, key="kept by the page")
    limited.SMAIL = replace(limited.SMAIL, messages_per_minute=100)
    assert say(owner, key="kept by the page").created


def test_a_full_queue(owner: User, outsider: User, limited: Settings) -> None:
    limited.SMAIL = replace(limited.SMAIL, messages_per_minute=100)
    sents = [say(owner) for _ in range(4)]
    with pytest.raises(QueueFull, match="You have 4 answers") as refusal:
        say(owner)
    assert refusal.value.retry_after == 10 and Generation.objects.count() == 4
    assert say(outsider).created
    stop_generation(generation=sents[0].generation)
    assert say(owner).created


def test_without_redis_each_process_counts_for_itself(owner: User, limited: Settings) -> None:
    limited.RATE_LIMIT_STORAGE = "redis://127.0.0.1:9/0"
    limited.SMAIL = replace(limited.SMAIL, messages_per_minute=4)
    for _ in range(4):
        check_rate(owner)
    with pytest.raises(RateLimited):
        check_rate(owner)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_do_not_pass(owner: User, limited: Settings) -> None:
    limited.SMAIL = replace(limited.SMAIL, messages_per_minute=100)
    together = threading.Barrier(8)

    def send(number: int) -> str:
        together.wait(timeout=30)
        try:
            say(owner, key=f"at once {number}")
        except SmailError as error:
            return error.code
        finally:
            connection.close()
        return "sent"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(send, range(8)))
    assert outcomes == ["queue_full"] * 4 + ["sent"] * 4
    assert Generation.objects.count() == 4 and Message.objects.count() == 8
