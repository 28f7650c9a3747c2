"""The only writer of the log. One transaction stores what many generations have to say and fences them all.

`append` takes batches, each with the epoch of the claim it was written under. A single UPDATE checks state and
epoch, hands out the numbers and renews the lease; a batch whose claim is over is refused whole and nothing of it is
stored. A batch with an outcome ends its generation: the fold of its log becomes the message, in the same
transaction as `end`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction

from chat.conf import conf
from chat.events.read import fold_log
from chat.events.types import Content, End, EndState, Event, FinishReason, Payload, Thinking, encode
from chat.models import ChatSession, Generation, Message
from chat.models.clock import db_now

INSERT = "INSERT INTO chat_event (generation_id, seq, epoch, type, data, at) VALUES "
INSERT_ROWS = 5_000  # SQLite takes 32,766 parameters in one statement


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a generation ends; `usage` columns that the server did not tell stay empty."""

    state: EndState
    finish_reason: FinishReason
    error_code: str = ""
    error_text: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one claim of one generation wants stored. `state` is the one it must be in."""

    generation_id: int
    epoch: int
    payloads: Sequence[Payload]
    outcome: Outcome | None = None
    state: str = Generation.State.RUNNING


@dataclass(slots=True)
class Appended:
    """What was stored, by generation id, and the ids of those refused."""

    events: dict[int, list[Event]] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)


def append(batches: Sequence[Batch]) -> Appended:
    """Store the batches in one transaction; at most one a generation. Blocks; call it in a thread."""
    with transaction.atomic():
        now = db_now()
        heads = _advance(batches, now)
        result = Appended(refused={batch.generation_id for batch in batches} - heads.keys())
        accepted = [batch for batch in batches if batch.generation_id in heads]
        for batch in accepted:
            payloads = [*batch.payloads, *_end_of(batch)]
            first = heads[batch.generation_id] - len(payloads) + 1
            result.events[batch.generation_id] = [
                Event(first + i, now, payload, batch.epoch) for i, payload in enumerate(payloads)
            ]
        _insert(result.events)
        for batch in accepted:
            if batch.outcome is not None:
                _close(batch, batch.outcome, now)
    return result


def _end_of(batch: Batch) -> list[Payload]:
    if batch.outcome is None:
        return []
    message_id = Message.objects.values_list("public_id", flat=True).get(generations=batch.generation_id)
    return [End(state=batch.outcome.state, finish_reason=batch.outcome.finish_reason, message_id=message_id)]


def _advance(batches: Sequence[Batch], now: datetime) -> dict[int, int]:
    """Fence, number and renew in one statement; return the new `last_seq` of each generation that was accepted."""
    rows: list[int | str] = []
    for batch in batches:
        count = len(batch.payloads) + (batch.outcome is not None)
        progress = any(isinstance(payload, (Content, Thinking)) for payload in batch.payloads)
        rows += [batch.generation_id, batch.epoch, batch.state, count, int(progress)]
    values = ",".join(["(%s,%s,%s,%s,%s)"] * len(batches))
    sql = (
        f"WITH claim(id, epoch, state, events, progress) AS (VALUES {values}) "
        "UPDATE chat_generation SET last_seq = last_seq + claim.events, lease_expires_at = %s, "
        "idle_claims = CASE WHEN claim.progress = 1 THEN 0 ELSE idle_claims END, "
        "first_delta_at = CASE WHEN claim.progress = 1 AND first_delta_at IS NULL THEN %s ELSE first_delta_at END "
        "FROM claim WHERE chat_generation.id = claim.id AND chat_generation.epoch = claim.epoch "
        "AND chat_generation.state = claim.state RETURNING chat_generation.id, last_seq"
    )
    times = [_param(now + timedelta(seconds=conf.lease_s)), _param(now)]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*rows, *times])
        return dict(cursor.fetchall())


def _insert(events: dict[int, list[Event]]) -> None:
    """Insert with plain SQL: bulk_create took 2.5 times as long for the 50 rows of a busy window."""
    rows = [
        (generation_id, event.seq, event.epoch, event.type, json.dumps(encode(event.payload)), _param(event.at))
        for generation_id, of_one in events.items()
        for event in of_one
    ]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), INSERT_ROWS):
            some = rows[start : start + INSERT_ROWS]
            sql = INSERT + ",".join(["(%s,%s,%s,%s,%s,%s)"] * len(some))
            cursor.execute(sql, [value for row in some for value in row])


def _param(at: datetime) -> datetime | str:
    value = connection.ops.adapt_datetimefield_value(at)
    assert value is not None
    return value


def _close(batch: Batch, outcome: Outcome, now: datetime) -> None:
    """Make the fold of the log the message, and the row say how it ended."""
    fold = fold_log(batch.generation_id)
    generation = Generation.objects.select_related("message").get(id=batch.generation_id)
    message = generation.message
    message.content, message.thinking = fold.content, fold.thinking
    if fold.thinking_s is not None:
        message.thinking_s = fold.thinking_s
    message.save(update_fields=["content", "thinking", "thinking_s"])
    usage = fold.usage
    Generation.objects.filter(id=generation.id).update(
        state=outcome.state,
        finish_reason=outcome.finish_reason,
        error_code=outcome.error_code,
        error_text=outcome.error_text,
        owner="",
        lease_expires_at=None,
        started_at=fold.started_at,
        ended_at=now,
        recoveries=fold.recoveries,
        retries=fold.retries,
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        tokens_per_s=usage.tokens_per_s if usage else None,
        context_used=usage.context_used if usage else None,
        context_size=usage.context_size if usage else None,
    )
    ChatSession.objects.filter(id=generation.chat_session_id).update(touched_at=now)
