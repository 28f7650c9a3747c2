"""Every limit and choice of the chat product, typed, in one place.

`smail/settings.py` builds one `Conf` from the environment; code reads `conf.lease_s` and never
`getattr(settings, …)`. Units are in the names. A test that needs another value replaces `settings.SMAIL`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Conf:
    """The defaults are the product's; figures say where they come from."""

    ollama_host: str = "http://127.0.0.1:11434"
    default_model: str = ""
    worker: Literal["embedded", "none"] = "embedded"
    max_response_chars: int = 100_000

    # The lease: a dead worker is noticed after `lease_s`; renewing at a quarter of it survives three lost renewals.
    lease_s: float = 8.0
    renew_s: float = 2.0
    max_idle_claims: int = 3
    # Answers written at once by one model; more than Ollama's own OLLAMA_NUM_PARALLEL only moves the queue there.
    slots_per_model: int = 1
    runners_per_worker: int = 1_000
    # A nudge may be lost; this is the most a viewer or a worker then waits.
    tick_s: float = 1.0

    # The group commit: how long it gathers, in an idle and in a busy process.
    window_min_s: float = 0.004
    window_max_s: float = 0.075

    # The model server. Loading may take minutes (Ollama's own limit is 5 without progress), silence while
    # writing may not.
    connect_timeout_s: float = 5.0
    first_delta_timeout_s: float = 600.0
    idle_timeout_s: float = 120.0
    answer_timeout_s: float = 3600.0
    max_attempts: int = 4
    max_line_bytes: int = 8 * 1024 * 1024

    # What a person may send and have.
    messages_per_minute: int = 20
    max_running: int = 2
    max_queued: int = 10
    max_prompt_chars: int = 200_000
    max_body_bytes: int = 2 * 1024 * 1024
    max_socket_frame_bytes: int = 1024 * 1024
    max_sockets_per_user: int = 20
    max_history_messages: int = 1_000

    # What a viewer may cost.
    max_unacked_bytes: int = 256 * 1024
    heartbeat_s: float = 15.0
    keep_events_s: float = 24 * 3600.0


class _Current:
    def __getattr__(self, name: str) -> object:
        return getattr(settings.SMAIL, name)


if TYPE_CHECKING:
    conf = cast(Conf, None)
else:
    conf = _Current()
