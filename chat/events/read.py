"""Reading the event log: from a cursor, in order, never over a gap.

While the log of a generation stands, it is read as it was written. A day after the end it is pruned; then the
stored message is offered as the two events it amounts to: `replace` and `end`, with the numbers the log had.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chat.events.fold import Fold
from chat.events.types import Content, End, Event, Payload, Replace, decode
from chat.models import EventRow, Generation

PAGE = 500
PAGE_CHARS = 128 * 1024  # a reader that stalls holds its page meanwhile, and an event may have 64 KiB


def read(generation_id: int, after: int, limit: int = PAGE) -> list[Event]:
    """Return the events after `after`, at most `limit` and some `PAGE_CHARS`, in order; stop before a gap."""
    rows = (
        EventRow.objects.filter(generation_id=generation_id, seq__gt=after)
        .order_by("seq")
        .values_list("seq", "at", "type", "data", "epoch")[:limit]
        .iterator(chunk_size=50)
    )
    return list(_page(_contiguous(after, (_event(*row) for row in rows))))


def read_many(heads: Mapping[int, int]) -> dict[int, list[Event]]:
    """Return for each generation id the events after the head given, in one query for all of them."""
    if not heads:
        return {}
    values = ",".join(["(%s,%s)"] * len(heads))
    sql = (
        f"WITH head(generation_id, seq) AS (VALUES {values}) "
        "SELECT e.generation_id, e.seq, e.at, e.type, e.data, e.epoch, e.id FROM chat_event e "
        "JOIN head ON e.generation_id = head.generation_id AND e.seq > head.seq ORDER BY e.generation_id, e.seq"
    )
    found: dict[int, list[Event]] = {}
    for row in EventRow.objects.raw(sql, [number for pair in heads.items() for number in pair]):
        found.setdefault(row.generation_id, []).append(_event(row.seq, row.at, row.type, row.data, row.epoch))
    return {id_: list(_contiguous(heads[id_], events)) for id_, events in found.items()}


def fold_log(generation_id: int) -> Fold:
    """Return the fold of everything stored so far."""
    rows = (
        EventRow.objects.filter(generation_id=generation_id)
        .order_by("seq")
        .values_list("seq", "at", "type", "data", "epoch")
        .iterator(chunk_size=2000)
    )
    return Fold().apply_all(_contiguous(0, (_event(*row) for row in rows)))


def stored_as_events(generation: Generation) -> list[Event]:
    """Return a pruned, ended generation as events; their numbers lie at the end of the log it once had."""
    assert generation.ended_at is not None
    message = generation.message
    text = Replace(content=message.content, thinking=message.thinking)
    end = End(state=generation.state, finish_reason=generation.finish_reason, message_id=message.public_id)  # type: ignore[arg-type]  # the row's choices are these words
    last = generation.last_seq
    if last == 1:  # stopped in the queue: there never was a text
        return [Event(1, generation.ended_at, end)]
    return [Event(last - 1, generation.ended_at, text), Event(last, generation.ended_at, end)]


def _event(seq: int, at: object, type_: str, data: Mapping[str, object], epoch: int) -> Event:
    payload: Payload = decode(type_, data) or Content(chunk="")  # of a newer version: keeps its number, says nothing
    return Event(seq=seq, at=at, payload=payload, epoch=epoch)  # type: ignore[arg-type]  # a DateTimeField's value


def _page(events: Iterable[Event]) -> Iterable[Event]:
    chars = 0
    for event in events:
        yield event
        chars += len(getattr(event.payload, "chunk", ""))
        if chars > PAGE_CHARS:
            return


def _contiguous(after: int, events: Iterable[Event]) -> Iterable[Event]:
    for event in events:
        if event.seq != after + 1:
            return
        after = event.seq
        yield event
