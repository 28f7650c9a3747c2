"""Text that every database takes. What people and models send may hold more than that."""

from __future__ import annotations


def storable(text: str) -> str:
    """Return the text without NUL, and with "?" for each half of a surrogate pair."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text
