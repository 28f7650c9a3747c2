"""The ids of the page's elements, made in this one place. Fragments name their targets by them."""

from __future__ import annotations


def article(message_id: str) -> str:
    """Return the id of the whole message."""
    return f"message-{message_id}"


def part(message_id: str, name: str) -> str:
    """Return the id of a part of a message: `body`, `thinking`, `thinking-text`, `status`, `footer`, …"""
    return f"message-{message_id}-{name}"


def chat(session_id: str) -> str:
    """Return the id of a chat's entry in the sidebar."""
    return f"chat-{session_id}"
