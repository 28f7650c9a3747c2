"""A track: one generation that somebody watches, folded and rendered once for all its viewers in this process.

It keeps the newest events and frames, so that a viewer takes what it has not had whenever it is ready for more; one
who is further behind gets the whole answer as of now, or reads the log.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from chat.events.answer import AnswerView, prompt_view, view_of_fold
from chat.events.fold import Fold
from chat.events.types import Event
from chat.models import Generation, Message
from chat.rendering.fragments import AnswerStream, turn_appended

KEPT_BYTES = 256 * 1024
KEPT_EVENTS = 500
KEPT_AFTER_END_S = 30.0

Key = tuple[Literal["chat", "generation", "user"], int]


@dataclass(frozen=True, slots=True)
class Frame:
    """What takes a page from `after` to `seq`; `text` is the JSON that is sent."""

    after: int
    seq: int
    text: str


class Track:
    """`seq` is the last event taken; `place_version` grows with each change of the place in the queue."""

    def __init__(self, generation: Generation, fold: Fold, place: int | None) -> None:
        self.generation = generation
        self.message: Message = generation.message
        self.id = generation.public_id
        self.keys: tuple[Key, ...] = (("chat", generation.chat_session_id), ("generation", generation.pk))
        self.place = place
        self.place_version = 0
        self.place_text = ""
        self.events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._fold = fold
        self._frames: deque[Frame] = deque()
        self._frame_bytes = 0
        self._stream = AnswerStream(self._view())
        self._shown = fold.covers
        self._reset: Frame | None = None
        self._ended_at = time.monotonic() if fold.end else None

    @property
    def seq(self) -> int:
        return self._fold.covers

    @property
    def began(self) -> bool:
        return self._fold.started_at is not None

    @property
    def ended(self) -> bool:
        return self._fold.end is not None

    def take(self, events: Iterable[Event]) -> bool:
        """Take in what is new of these; False when there is a hole before them, so that the log must be read."""
        for event in events:
            if event.seq <= self._fold.covers:
                continue
            if event.seq > self._fold.covers + 1:
                return False
            self._fold.apply(event)
            self.events.append(event)
        if self.ended and self._ended_at is None:
            self._ended_at = time.monotonic()
        return True

    def move(self, place: int | None) -> bool:
        """Note a new place in the queue and return whether it shows; a notice tells it, as it is no event."""
        if place == self.place or self.began:
            return False
        self.place = place
        html = self._stream.advance(self._view())
        if html:
            self.place_version += 1
            self.place_text = notice_text(html)
            self._reset = None
        return bool(html)

    def stale(self) -> bool:
        """Return whether it ended so long ago that every viewer who can has had it."""
        return self._ended_at is not None and time.monotonic() - self._ended_at > KEPT_AFTER_END_S

    def render(self) -> None:
        """Make the frame for everything taken since the last one."""
        if self._shown == self.seq:
            return
        html = self._stream.advance(self._view())
        frame = Frame(self._shown, self.seq, frame_text("frame", self.id, self.seq, html, after=self._shown))
        self._shown = self.seq
        self._reset = None
        self._keep(frame)

    def frames_after(self, seq: int) -> Sequence[Frame] | None:
        """Return the frames that lead from `seq` to now, None where they are not kept any more."""
        if seq == self._shown:
            return ()
        kept = list(self._frames)
        for i, frame in enumerate(kept):
            if frame.after == seq:
                return kept[i:]
        return None

    def whole(self) -> Frame:
        """Return the answer as of now, to be put in the place of what the page has."""
        if self._reset is None:
            self.render()
            self._reset = Frame(0, self._shown, frame_text("reset", self.id, self._shown, self._stream.reset()))
        return self._reset

    def turn(self) -> Frame:
        """Return prompt and answer as of now, to be put at the end of the page."""
        self.render()
        assert self.message.parent is not None
        html = turn_appended(prompt_view(self.message.parent), self._view())
        return Frame(0, self._shown, frame_text("reset", self.id, self._shown, html))

    def events_after(self, seq: int) -> list[Event] | None:
        """Return the events after `seq` that are kept here, None where the log must be read for them."""
        if seq == self.seq:
            return []
        if not self.events or self.events[0].seq > seq + 1:
            return None
        return [event for event in self.events if event.seq > seq]

    def _view(self) -> AnswerView:
        return view_of_fold(self.message, self.generation, self._fold, self.place)

    def _keep(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._frame_bytes += len(frame.text)
        while self._frame_bytes > KEPT_BYTES and len(self._frames) > 1:
            self._frame_bytes -= len(self._frames.popleft().text)


def frame_text(type_: str, generation: str, seq: int, html: str, *, after: int | None = None) -> str:
    """Return a frame as JSON, in the shortest form: it is made for every viewed answer ten times a second."""
    body: dict[str, object] = {"type": type_, "generation": generation}
    if after is not None:
        body["after"] = after
    body |= {"seq": seq, "html": html}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def notice_text(html: str) -> str:
    return json.dumps({"type": "notice", "html": html}, ensure_ascii=False, separators=(",", ":"))
