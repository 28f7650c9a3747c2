"""Cursors: how far a viewer has seen, as text. Pure.

A cursor is `GENERATION.SEQ`; a page that shows several open answers has several, joined by commas. Ids are 22
URL-safe characters and `seq` is a decimal number; anything else is refused, so nothing else ever reaches a header
or a query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from chat.errors import InvalidRequest

_ONE = re.compile(r"([A-Za-z0-9_-]{22})\.(0|[1-9][0-9]{0,8})", re.ASCII)
MOST = 50


def written(cursors: Mapping[str, int]) -> str:
    return ",".join(f"{generation}.{seq}" for generation, seq in cursors.items())


def parsed(text: str) -> dict[str, int]:
    """Return the cursors in `text`, none for ""; raise `InvalidRequest` for anything malformed."""
    parts = text.split(",") if text else []
    if len(parts) > MOST:
        raise InvalidRequest("That cursor names too many answers.")
    return dict(_parsed_one(part) for part in parts)


def seq_in(text: str, generation: str) -> int:
    """Return the `seq` of a cursor that must name this generation; a bare number is taken too, "" is the start."""
    if not text:
        return 0
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    named, seq = _parsed_one(text)
    if named != generation:
        raise InvalidRequest("That cursor belongs to another answer.")
    return seq


def _parsed_one(part: str) -> tuple[str, int]:
    match = _ONE.fullmatch(part)
    if match is None:
        raise InvalidRequest("That cursor is malformed.")
    return match[1], int(match[2])
