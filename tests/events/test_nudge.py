"""The doorbell: heard in the own process at once, from any thread; in others through Redis, when there is one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from channels.layers import get_channel_layer
from pytest_django.fixtures import Settings

from chat.events.nudge import GROUP, Doorbell, Kind
from tests.services import redis

Heard = asyncio.Queue[tuple[Kind, bool]]


def listening(bell: Doorbell) -> tuple[Heard, Callable[[], None]]:
    heard: Heard = asyncio.Queue()
    return heard, bell.listen(lambda kind, own: heard.put_nowait((kind, own)))


async def next_of(heard: Heard, timeout_s: float = 5.0) -> tuple[Kind, bool]:
    async with asyncio.timeout(timeout_s):
        return await heard.get()


async def test_it_works() -> None:
    bell = Doorbell()
    heard, _ = listening(bell)
    bell.ring("events")
    bell.ring("changes")
    assert [await next_of(heard), await next_of(heard)] == [("events", True), ("changes", True)]


async def test_every_listener_hears_it() -> None:
    bell = Doorbell()
    several = [listening(bell)[0] for _ in range(3)]
    bell.ring("events")
    assert [await next_of(heard) for heard in several] == [("events", True)] * 3


async def test_who_has_left_hears_nothing() -> None:
    bell = Doorbell()
    gone, unlisten = listening(bell)
    there, _ = listening(bell)
    unlisten()
    unlisten()
    bell.ring("events")
    await next_of(there)
    assert gone.empty()


async def test_it_may_be_rung_from_threads() -> None:
    bell = Doorbell()
    heard, _ = listening(bell)
    threads = [threading.Thread(target=bell.ring, args=("changes",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert [await next_of(heard) for _ in threads] == [("changes", True)] * 8
    for thread in threads:
        thread.join()


async def test_listeners_are_called_in_their_own_loop() -> None:
    bell = Doorbell()
    ready, called_in = threading.Event(), []

    async def elsewhere() -> None:
        done = asyncio.Event()

        def heard(kind: Kind, own: bool) -> None:
            called_in.append(threading.current_thread())
            done.set()

        bell.listen(heard)
        ready.set()
        async with asyncio.timeout(5):
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
    thread.start()
    assert await asyncio.to_thread(ready.wait, 5)
    bell.ring("events")
    await asyncio.to_thread(thread.join, 5)
    assert called_in == [thread]


async def test_a_closed_loop_is_passed_over() -> None:
    bell = Doorbell()
    called: list[Kind] = []

    def other_loop() -> None:
        async def listen() -> None:
            bell.listen(lambda kind, own: called.append(kind))

        asyncio.run(listen())

    await asyncio.to_thread(other_loop)
    heard, _ = listening(bell)
    bell.ring("events")
    assert await next_of(heard) == ("events", True) and called == []


@asynccontextmanager
async def carried(*bells: Doorbell) -> AsyncIterator[None]:
    """Carry the nudges of these doorbells, each as one process, and wait until they are through."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(bell.run()) for bell in bells]
        try:
            for sender in bells:
                for receiver in bells:
                    if sender is not receiver:
                        await come_through(sender, receiver)
            yield
        finally:
            for task in tasks:
                task.cancel()


async def come_through(sender: Doorbell, receiver: Doorbell) -> None:
    """Ring until it is heard on the other side: before it has subscribed nothing comes."""
    heard, unlisten = listening(receiver)
    async with asyncio.timeout(10):
        while heard.empty():
            sender.ring("events")
            await asyncio.sleep(0.01)
    unlisten()


def use(settings: Settings, url: str) -> None:
    layer = "channels_redis.pubsub.RedisPubSubChannelLayer"
    hosts = [{"address": url, "socket_timeout": None}]
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": layer, "CONFIG": {"hosts": hosts, "prefix": "smail"}}}


@pytest.fixture
def through_redis(settings: Settings, redis_url: str) -> None:
    use(settings, redis_url)


async def test_other_processes_hear_it(through_redis: None) -> None:
    here, there = Doorbell(), Doorbell()
    async with carried(here, there):
        heard, _ = listening(there)
        own, _ = listening(here)
        here.ring("changes")
        found = await next_of(heard)
        while found[0] != "changes":  # the rings of `carried` may still come in
            found = await next_of(heard)
        assert found == ("changes", False)
        assert await next_of(own) == ("changes", True)


async def test_the_own_process_hears_it_once(through_redis: None) -> None:
    here, there = Doorbell(), Doorbell()
    async with carried(here, there):
        own, _ = listening(here)
        here.ring("changes")
        heard, _ = listening(here)
        await come_through(there, here)
        kinds = [own.get_nowait() for _ in range(own.qsize())]
        assert kinds.count(("changes", True)) == 1 and ("changes", False) not in kinds
        assert not heard.empty()


async def test_a_strange_message_is_no_nudge(through_redis: None) -> None:
    here, there = Doorbell(), Doorbell()
    async with carried(here, there):
        heard, _ = listening(there)
        for strange in ({"type": "nudge"}, {"type": "nudge", "kind": "websocket.disconnect"}, {"type": "x", "kind": 5}):
            await get_channel_layer().group_send(GROUP, strange)
        here.ring("changes")
        kinds = {(await next_of(heard))[0]}
        while "changes" not in kinds:
            kinds.add((await next_of(heard))[0])
        assert kinds <= {"events", "changes"}


async def test_it_goes_on_without_redis(settings: Settings) -> None:
    here, there = Doorbell(), Doorbell()
    server = ExitStack()
    use(settings, server.enter_context(redis()))
    async with carried(here, there):
        server.close()
        own, _ = listening(here)
        for _ in range(3):
            here.ring("changes")
            assert await next_of(own) == ("changes", True)
            await asyncio.sleep(0.01)  # its task meets the closed server


async def test_without_redis_it_does_not_begin_to_fail(settings: Settings, tmp_path: Path) -> None:
    use(settings, f"unix://{tmp_path}/nobody.sock")
    bell = Doorbell()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bell.run())
        heard, _ = listening(bell)
        bell.ring("events")
        assert await next_of(heard) == ("events", True)
        await asyncio.sleep(0.05)
        assert not task.done()
        task.cancel()
