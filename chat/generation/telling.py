"""What one claim says: its beginning, phases, text and end, as payloads for the writer.

Knows how much may be said (`conf.max_response_chars` of thinking and of answer each) and in which phase the answer
is; knows nothing of the model server.
"""

from __future__ import annotations

from chat.conf import conf
from chat.errors import EmptyAnswer
from chat.events import types as t
from chat.events.append import Outcome
from chat.events.fold import Fold
from chat.generation.commit import Writer
from chat.generation.continuation import PROBE_CHARS, Overlap
from chat.generation.meter import Meter
from chat.models import Generation
from chat.models.text import storable
from chat.providers.types import Done

PHASE_TEXTS: dict[t.PhaseName, str] = {
    "loading": "Loading the model",
    "reading": "Reading the chat",
    "thinking": "Thinking",
    "writing": "Writing",
    "tool": "Using a tool",
}

Ending = tuple[Outcome, list[t.Payload]]


class Telling:
    """`phase` is the last one said, "" where it has to be said again; `meter` counts what the model sent."""

    def __init__(self, writer: Writer) -> None:
        self.phase: str = ""
        self.meter = Meter()
        self._writer = writer
        self._chars = 0
        self._max_chars = self._max_thought_chars = conf.max_response_chars  # kept: settings are slow to ask
        self._thought_chars = 0
        self._stale = False  # what is shown is of an earlier attempt: it goes when the first new word comes

    def begin(self, generation: Generation, fold: Fold) -> str:
        """Say that this claim has begun; return the text to go on from."""
        if fold.started_at is not None:
            self._writer.put(t.Recovered(epoch=self._writer.epoch, reason="worker_lost"))
        elif generation.model:
            self.started(generation)
        if generation.kind == Generation.Kind.CONTINUE:
            self._max_chars += len(generation.message.content)
        elif generation.first_delta_at is None or len(fold.content) < PROBE_CHARS:
            # Nothing of this attempt yet, or too little to notice that a model says it again.
            self._stale = bool(fold.content or fold.thinking)
            return ""
        self._chars = len(fold.content)
        return fold.content

    def started(self, generation: Generation) -> None:
        self._writer.put(t.Started(epoch=self._writer.epoch, model=generation.model, server=provider_label()))

    def phase_is(self, phase: t.PhaseName, text: str = "") -> None:
        """Say the phase, unless it was the last one said; a text of its own is always said."""
        if phase != self.phase or text:
            self.phase = phase
            self._writer.put(t.Phase(phase=phase, text=text or PHASE_TEXTS[phase]))

    def retry(self, payload: t.Retry) -> None:
        self.phase = ""
        self._writer.put(payload)

    @property
    def is_long_enough(self) -> bool:
        """True when as much has been said as may be."""
        return self._chars >= self._max_chars or self._thought_chars >= self._max_thought_chars

    def take(self, kind: str, text: str, overlap: Overlap) -> None:
        """Say what the model has just said."""
        self.meter.count()
        text = storable(text)
        if kind == "thinking":
            self._think(text)
        elif new := overlap.take(text):
            self._write(new)
        if self.meter.due():
            self._writer.put(self.meter.running_usage())

    def finished(self, done: Done, rest: str) -> Ending:
        """Return how an answer ends whose model has ended; `rest` is what was held back until now."""
        if rest:
            self._write(rest)
        cut = done.finish_reason == "length"
        if not self._chars and not cut:
            return self.failed(EmptyAnswer.code, EmptyAnswer.default_text, retryable=EmptyAnswer.retryable)
        return Outcome(state="completed", finish_reason="length" if cut else "stop"), self.meter.usage(done)

    def stopped(self) -> Ending:
        return Outcome(state="stopped", finish_reason="stopped"), self.meter.usage()

    def failed(self, code: str, text: str, *, retryable: bool = False) -> Ending:
        text = storable(text)
        error = t.Error(code=code, error=text, retryable=retryable)
        outcome = Outcome(state="failed", finish_reason="error", error_code=code, error_text=text)
        return outcome, [*self.meter.usage(), error]

    def _think(self, text: str) -> None:
        self.phase_is("thinking")
        self._drop_stale()
        self._thought_chars += len(text)
        self._writer.put(t.Thinking(chunk=text))

    def _write(self, text: str) -> None:
        self.phase_is("writing")
        self._drop_stale()
        text = text[: self._max_chars - self._chars]
        self._chars += len(text)
        self._writer.put(t.Content(chunk=text))

    def _drop_stale(self) -> None:
        if self._stale:
            self._stale = False
            self._writer.put(t.Replace(content="", thinking=""))


def provider_label() -> str:
    """Return the server's name for events and rows: never its address, which only operators may know."""
    return "ollama"
