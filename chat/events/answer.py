"""An answer as it is shown, made from a fold while it is written and from its rows afterwards.

Both ways give equal values for the same answer; that is why a page after the stream equals a page after a reload.
"""

from __future__ import annotations

from dataclasses import dataclass

from chat.events.fold import ToolUse
from chat.events.types import PhaseName, Retry
from chat.models import Generation


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
