"""An answer as it is shown, made from a fold while it is written and from its rows afterwards.

Both ways give equal values for the same answer; that is why a page after the stream equals a page after a reload.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chat.errors import is_retryable
from chat.events.fold import Fold, ToolUse
from chat.events.types import PhaseName, Retry
from chat.models import Generation, Message


@dataclass(frozen=True, slots=True)
class PromptView:
    """What a person sent. `sent_at` is ISO 8601."""

    message_id: str
    content: str
    sent_at: str


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What the model answered, as of event `seq` of its newest generation.

    `state` is a `Generation.State`; `place` is the number of generations before this one while it is queued;
    durations are seconds; `began_at` is ISO 8601 ("" while queued).
    """

    message_id: str
    generation_id: str
    state: str
    model: str
    seq: int = 0
    content: str = ""
    thinking: str = ""
    thinking_s: float | None = None
    phase: PhaseName | None = None
    phase_text: str = ""
    retry: Retry | None = None
    place: int | None = None
    tools: tuple[ToolUse, ...] = ()
    finish_reason: str = ""
    error_code: str = ""
    error_text: str = ""
    retryable: bool = False
    recoveries: int = 0
    began_at: str = ""
    total_s: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    tokens_per_s: float | None = None
    context_used: int | None = None
    context_size: int | None = None

    @property
    def is_open(self) -> bool:
        """True until the generation has ended."""
        return self.state in Generation.OPEN

    @property
    def can_continue(self) -> bool:
        """True where the text is only a part: stopped, cut by length, interrupted."""
        return not self.is_open and bool(self.content) and self.finish_reason in ("length", "stopped", "error")

    @property
    def can_retry(self) -> bool:
        return self.state == Generation.State.FAILED


def prompt_view(message: Message) -> PromptView:
    return PromptView(message.public_id, message.content, message.created_at.isoformat())


def view_of_fold(message: Message, generation: Generation, fold: Fold, place: int | None = None) -> AnswerView:
    """Return the answer as of `fold.covers`; `message` and `generation` may be older than the fold."""
    end, error, usage, is_open = fold.end, fold.error, fold.usage, fold.end is None
    state = end.state if end else _open_state(generation, fold)
    return AnswerView(
        message_id=message.public_id,
        generation_id=generation.public_id,
        state=state,
        model=fold.model or generation.model,
        seq=fold.covers,
        content=fold.content,
        thinking=fold.thinking,
        thinking_s=fold.thinking_s if fold.thinking_s is not None else message.thinking_s,
        phase=fold.phase.phase if fold.phase and is_open else None,
        phase_text=fold.phase.text if fold.phase and is_open else "",
        retry=fold.retry if is_open else None,
        place=place if state == Generation.State.QUEUED else None,
        tools=tuple(fold.tools.values()) if is_open else (),
        finish_reason=end.finish_reason if end else "",
        error_code=error.code if error and end else "",
        error_text=error.error if error and end else "",
        retryable=bool(error and end and is_retryable(error.code)),
        recoveries=fold.recoveries,
        began_at=_iso(fold.started_at),
        total_s=_between(fold.started_at, fold.ended_at),
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        tokens_per_s=usage.tokens_per_s if usage else None,
        context_used=usage.context_used if usage else None,
        context_size=usage.context_size if usage else None,
    )


def view_of_rows(message: Message, generation: Generation) -> AnswerView:
    """Return an ended answer from what was stored with its `end`."""
    return AnswerView(
        message_id=message.public_id,
        generation_id=generation.public_id,
        state=generation.state,
        model=generation.model,
        seq=generation.last_seq,
        content=message.content,
        thinking=message.thinking,
        thinking_s=message.thinking_s,
        finish_reason=generation.finish_reason,
        error_code=generation.error_code,
        error_text=generation.error_text,
        retryable=is_retryable(generation.error_code),
        recoveries=generation.recoveries,
        began_at=_iso(generation.started_at),
        total_s=_between(generation.started_at, generation.ended_at),
        prompt_tokens=generation.prompt_tokens,
        completion_tokens=generation.completion_tokens,
        tokens_per_s=generation.tokens_per_s,
        context_used=generation.context_used,
        context_size=generation.context_size,
    )


def _open_state(generation: Generation, fold: Fold) -> str:
    began = fold.started_at is not None or generation.state == Generation.State.RUNNING
    return Generation.State.RUNNING if began else Generation.State.QUEUED


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None
