"""JSON and time as Go writes them."""

from __future__ import annotations

import json
import time
from typing import Any

ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def go_json(value: Any) -> str:
    """No spaces, no sorting; <, >, &, U+2028 and U+2029 escaped, everything else (U+0085 too) raw."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)


def go_time(ns: int, offset: str = "Z") -> str:
    """RFC 3339 with 0 to 9 digits after the point, as few as will do."""
    seconds, fraction = divmod(ns, 1_000_000_000)
    digits = f"{fraction:09d}".rstrip("0")
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}{'.' if digits else ''}{digits}{offset}"
