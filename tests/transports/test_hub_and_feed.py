"""The watching side: whatever is lost, late or dropped on the way, a viewer ends with what is in the log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from chat.actions.send import Sent
from chat.events import types as t
from chat.events.answer import view_of_fold
from chat.events.append import Outcome
from chat.events.fold import Fold
from chat.events.nudge import doorbell
from chat.models import EventRow, Generation, Message
from chat.models.work import db_work
from chat.rendering.fragments import answer_article
from chat.transports.event_feed import EventFeed
from chat.transports.feed import PageFeed, _Seen
from chat.transports.hub import Hub, current_hub
from chat.transports.track import KEPT_EVENTS, Track
from tests.faults.screen import Screen
from tests.faults.viewers import PageViewer
from tests.road import COMPLETED, answered, asay, claim, fresh, log, write
from tests.transports.doors import page_of, rendered, shows_the_truth, watching

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[..., None]
STARTED = t.Started(1, "sim", "ollama")


async def begun(user: User, *payloads: t.Payload) -> Sent:
    """Return a prompt that has been claimed, with these events after `started`."""

    def begin(sent: Sent) -> None:
        claim(sent)
        write(sent, STARTED, *payloads)

    sent = await asay(user)
    await db_work(begin, sent)
    return sent


class Reader:
    """A page on a feed without a socket between: it takes a frame only when told to."""

    def __init__(self, feed: PageFeed, page: PageViewer) -> None:
        self.feed, self.page = feed, page
        self.frames: list[dict[str, object]] = []
        self._texts = feed.texts()

    async def take(self) -> dict[str, object]:
        async with asyncio.timeout(10):
            text = await anext(self._texts)
        frame = json.loads(text)
        self.frames.append(frame)
        self.page.take(frame)
        return frame

    async def see(self, message: str, state: str) -> None:
        while self.page.screen.state(message) != state:
            await self.take()

    async def see_text(self, message: str, text: str) -> None:
        while text not in self.page.text(message):
            await self.take()

    async def leave(self) -> None:
        await self._texts.aclose()
        self.feed.close()


async def reader_of(user: User, sent: Sent, *, acks: bool = False) -> Reader:
    page = page_of(sent.chat_session, await db_work(rendered, sent.chat_session))
    feed = PageFeed(current_hub(), user)
    feed.acks = acks
    await feed.open(sent.chat_session.public_id, dict(page.cursors), page.screen.last)
    return Reader(feed, page)


async def test_it_works(owner: User) -> None:
    sent = await begun(owner, t.Content("one "))
    async with watching(worker=False):
        reader = await reader_of(owner, sent)
        await db_work(write, sent, t.Content("*two*"), outcome=COMPLETED)
        await reader.see(sent.answer.public_id, "completed")
        assert await shows_the_truth(reader.page, sent.chat_session)
        await reader.leave()


async def test_a_lost_nudge_is_healed_by_the_tick(owner: User, conf: Change) -> None:
    """`write` appends and rings no bell: the hub finds it by itself."""
    conf(tick_s=0.05)
    sent = await begun(owner, t.Content("one "))
    async with watching(worker=False):
        reader = await reader_of(owner, sent)
        for word in ("two ", "three "):
            await db_work(write, sent, t.Content(word))
            await reader.see_text(sent.answer.public_id, word.strip())
        await reader.leave()


async def test_a_new_prompt_is_found_by_the_tick(owner: User, conf: Change) -> None:
    conf(tick_s=0.05)
    first = await db_work(answered, owner, "Hello")
    async with watching(worker=False):
        reader = await reader_of(owner, first)
        second = await db_work(answered, owner, "Again", chat=first.chat_session)
        await reader.see(second.answer.public_id, "completed")
        assert await shows_the_truth(reader.page, first.chat_session)
        await reader.leave()


async def test_what_skips_an_event_is_read_from_the_log(owner: User) -> None:
    sent = await begun(owner, t.Content("one "))
    async with watching(worker=False) as hub:
        reader = await reader_of(owner, sent)
        await db_work(write, sent, t.Content("two "))
        later = await db_work(write, sent, t.Content("three "))
        hub.take({sent.generation.pk: later})  # as if the window with "two" had not reached this process
        await reader.see_text(sent.answer.public_id, "onetwothree")
        await reader.leave()


async def test_what_comes_twice_is_taken_once(owner: User) -> None:
    sent = await begun(owner)
    async with watching(worker=False) as hub:
        reader = await reader_of(owner, sent)
        events = await db_work(write, sent, t.Content("one "), t.Content("two "))
        for _ in range(3):
            hub.take({sent.generation.pk: events})
        await reader.see_text(sent.answer.public_id, "onetwo")
        assert reader.page.text(sent.answer.public_id) == "onetwo"
        await reader.leave()


async def test_what_nobody_watches_is_not_kept(owner: User) -> None:
    sent = await begun(owner, t.Content("one "))
    async with watching(worker=False) as hub:
        hub.take({sent.generation.pk: await db_work(log, sent.generation)})
        assert hub.tracks == {}
        reader = await reader_of(owner, sent)
        await reader.take()
        assert hub.tracks.keys() == {sent.generation.pk}
        await reader.leave()
        await gone(hub)


async def gone(hub: Hub) -> None:
    """Wait until the hub has let go of everything."""
    async with asyncio.timeout(10):
        while hub.tracks:
            doorbell.ring("changes")
            await asyncio.sleep(0.01)


async def test_many_viewers_cost_one_reading(owner: User, conf: Change) -> None:
    sent = await begun(owner, t.Content("one "))
    async with watching(worker=False) as hub:
        readers = [await reader_of(owner, sent) for _ in range(10)]
        events = await db_work(write, sent, t.Content("two"), outcome=COMPLETED)
        hub.take({sent.generation.pk: events})
        for reader in readers:
            await reader.see(sent.answer.public_id, "completed")
        html = {reader.page.screen.show() for reader in readers}
        frames = {json.dumps(f) for reader in readers for f in reader.frames if f["type"] == "frame"}
        assert len(html) == 1 and len(frames) == 1
        for reader in readers:
            await reader.leave()


async def test_a_slow_viewer_gets_the_answer_whole(owner: User) -> None:
    """While it reads nothing, its frames are dropped: it costs nothing and then gets all of it at once."""
    sent = await begun(owner, t.Content("one "))
    async with watching(worker=False) as hub:
        slow, quick = await reader_of(owner, sent), await reader_of(owner, sent)
        for number in range(12):
            events = await db_work(write, sent, t.Content(f"{number} " + "x" * 40_000 + "\n\n"))
            hub.take({sent.generation.pk: events})
            await quick.see_text(sent.answer.public_id, f"{number}x")
        hub.take({sent.generation.pk: await db_work(write, sent, outcome=COMPLETED)})
        await quick.see(sent.answer.public_id, "completed")
        await slow.see(sent.answer.public_id, "completed")
        assert [f["type"] for f in slow.frames if f["type"] != "notice"] == ["reset"]
        for reader in (slow, quick):
            assert await shows_the_truth(reader.page, sent.chat_session)
            await reader.leave()


async def test_without_acknowledgements_it_stops_and_goes_on_with_them(owner: User, conf: Change) -> None:
    conf(max_unacked_bytes=10_000)
    sent = await begun(owner, t.Content("one "))
    async with watching(worker=False) as hub:
        reader = await reader_of(owner, sent, acks=True)
        sizes: list[int] = []
        for number in range(5):
            hub.take({sent.generation.pk: await db_work(write, sent, t.Content(f"{number} " + "x" * 4_000))})
            reader.feed.wake()
            while (text := await soon(reader)) is not None:
                sizes.append(len(text["html"]) if text["type"] == "frame" else 0)  # type: ignore[arg-type]
        assert 10_000 < sum(sizes) < 15_000
        before = reader.page.cursors[sent.generation.public_id]
        reader.feed.ack("x" * 22, 1_000)
        reader.feed.ack(sent.generation.public_id, 0)
        assert await soon(reader) is None
        reader.feed.ack(sent.generation.public_id, before)
        await reader.see_text(sent.answer.public_id, "4x")
        assert reader.page.text(sent.answer.public_id).count("x") == 20_000
        await reader.leave()


async def soon(reader: Reader) -> dict[str, object] | None:
    """Return the next frame that concerns an answer, None when none is there."""
    feed = reader.feed
    await feed._find_lost_tracks()
    for text in feed._due():
        frame = json.loads(text)
        reader.page.take(frame)
        if frame["type"] in ("frame", "reset"):
            return frame
    return None


async def test_opening_another_chat_leaves_the_first(owner: User) -> None:
    second, first = await db_work(answered, owner, "Hello"), await begun(owner, t.Content("one "))
    async with watching(worker=False) as hub:
        reader = await reader_of(owner, first)
        await reader.feed.open(second.chat_session.public_id, {}, "")
        assert hub.count(("chat", first.chat_session.pk)) == 0 and hub.count(("chat", second.chat_session.pk)) == 1
        assert hub.count(("user", owner.pk)) == 1
        await reader.leave()
        assert hub.count(("user", owner.pk)) == hub.count(("chat", second.chat_session.pk)) == 0


async def test_opening_in_the_middle_of_sending_is_safe(owner: User) -> None:
    """The feed is told to open again between two frames, as when a page comes back from sleep."""
    sent = await begun(owner, t.Content("one "))
    async with watching(worker=False) as hub:
        reader = await reader_of(owner, sent)
        hub.take({sent.generation.pk: await db_work(write, sent, t.Content("two"), outcome=COMPLETED)})
        await reader.take()
        await reader.feed.open(sent.chat_session.public_id, dict(reader.page.cursors), reader.page.screen.last)
        await reader.see(sent.answer.public_id, "completed")
        assert await shows_the_truth(reader.page, sent.chat_session)
        await reader.leave()


async def test_a_place_in_the_queue_is_told_as_it_moves(owner: User, outsider: User, conf: Change) -> None:
    conf(tick_s=0.05)
    first, mine = await asay(outsider), await asay(owner)
    async with watching(worker=False):
        reader = await reader_of(owner, mine)
        assert "1 answer before yours" in reader.page.screen.words_of(mine.answer.public_id, "status")
        await db_work(Generation.objects.filter(pk=first.generation.pk).update, state="stopped")
        while "Next in line" not in reader.page.screen.words_of(mine.answer.public_id, "status"):
            await reader.take()
        assert await shows_the_truth(reader.page, mine.chat_session)
        await reader.leave()


async def test_a_feed_of_events_gives_each_once(owner: User) -> None:
    sent = await begun(owner, t.Content("one "))
    async with watching(worker=False) as hub:
        seen: list[int] = []
        async for events in EventFeed(hub, sent.generation.pk, 0).events():
            seen += [event.seq for event in events]
            if seen[-1] == 2:
                hub.take({sent.generation.pk: await db_work(write, sent, t.Content("two"))})
            if seen[-1] == 3:
                hub.take({sent.generation.pk: await db_work(write, sent, outcome=COMPLETED)})
        assert seen == [1, 2, 3, 4] and hub.count(("generation", sent.generation.pk)) == 0


async def test_a_feed_of_events_far_behind_reads_the_log(owner: User) -> None:
    sent = await begun(owner, *[t.Content("x"), t.Thinking("y")] * KEPT_EVENTS)
    async with watching(worker=False) as hub:
        hub.take({sent.generation.pk: await db_work(write, sent, outcome=COMPLETED)})
        seen = [e.seq async for events in EventFeed(hub, sent.generation.pk, 0).events() for e in events]
    assert seen == list(range(1, 2 * KEPT_EVENTS + 3))


async def test_an_answer_whose_log_was_pruned_while_it_was_watched(owner: User) -> None:
    sent = await db_work(answered, owner, "Hello")
    await db_work(EventRow.objects.all().delete)
    track = await current_hub().track(sent.generation.pk)
    assert track.ended and track.seq == (await db_work(fresh, sent.generation)).last_seq


# --- the property: any wake-ups, losses and pauses end in the same page

STEP = st.sampled_from(["write", "write", "render", "tell", "tell late", "read", "read", "ack", "leave", "drop frames"])
ENDINGS = st.sampled_from([COMPLETED, Outcome("stopped", "stopped"), Outcome("completed", "length")])
MARKDOWN = "Hello *there*.\n\n- one\n- two `x`\n\n```python\nprint(1)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, max_size=40), ENDINGS, st.lists(st.integers(1, 20), min_size=1, max_size=8))
def test_any_order_of_wake_ups_and_losses_ends_in_the_log(steps: list[str], ending: Outcome, sizes: list[int]) -> None:
    """Without a database: the track is fed by hand, as the hub feeds it."""
    story = Story(ending, sizes)
    for step in steps:
        story.act(step)
    story.finish()
    assert story.page.screen.show() == Screen(story.reload()).show()
    assert story.page.gaps == 0


class Story:
    """One answer, one track, one feed and one page; the log is a list."""

    def __init__(self, ending: Outcome, sizes: list[int]) -> None:
        self.at = datetime(2026, 1, 5, tzinfo=UTC)
        prompt = Message(pk=1, public_id="p" * 22, role="user", content="Hi", created_at=self.at)
        self.message = Message(pk=2, public_id="m" * 22, role="assistant", parent=prompt)
        self.generation = Generation(pk=7, public_id="g" * 22, model="sim", message=self.message, chat_session_id=3)
        self.hub = Hub()
        self.track = self.hub.tracks[7] = Track(self.generation, Fold(), 0)
        self.feed = PageFeed(self.hub, User(pk=1))
        self.todo = self.pieces(ending, sizes)
        self.stored: list[t.Event] = []
        self.page = page_of(None, self.reload())
        self.follow()

    def pieces(self, ending: Outcome, sizes: list[int]) -> list[t.Payload]:
        said: list[t.Payload] = [STARTED]
        at = 0
        for number in range(len(MARKDOWN)):
            if at >= len(MARKDOWN):
                break
            size = sizes[number % len(sizes)]
            said.append(t.Content(MARKDOWN[at : at + size]))
            at += size
        return [*said, t.Usage(1, 2, 3.0, 3, 4096), t.End(ending.state, ending.finish_reason, "m" * 22)]

    def reload(self) -> str:
        view = view_of_fold(self.message, self.generation, Fold().apply_all(self.stored), 0)
        cursors = {view.generation_id: view.seq} if view.is_open else {}
        return f'{answer_article(view)}<script id="cursors">{json.dumps(cursors)}</script>'

    def follow(self) -> None:
        self.feed.close()
        self.feed._seen[7] = _Seen(self.page.cursors.get("g" * 22, 0))

    def act(self, step: str) -> None:
        match step:
            case "write":
                if self.todo:
                    self.stored.append(t.Event(len(self.stored) + 1, self.at, self.todo.pop(0)))
            case "tell":
                self.track.take(self.stored[self.track.seq :])
            case "tell late":
                self.track.take(self.stored[-1:])
            case "render":
                self.track.render()
            case "read":
                self.read()
            case "ack":
                self.feed.ack("g" * 22, self.page.cursors.get("g" * 22, 0))
            case "leave":
                self.follow()
            case _:
                self.track._frames.clear()
                self.track._frame_bytes = 0

    def read(self) -> None:
        for text in self.feed._due():
            self.page.take(json.loads(text))

    def finish(self) -> None:
        while self.todo:
            self.act("write")
        for step in ("tell", "ack", "read", "ack", "read"):
            self.act(step)
