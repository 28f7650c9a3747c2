"""Chat sessions, messages and generations in Django's admin: to be read, searched and put away, never rewritten."""

from __future__ import annotations

from chat.admin import generation, message, session

__all__ = ["generation", "message", "session"]
