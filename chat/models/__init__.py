"""What is stored: chat sessions, their messages, the generations that write answers, and their events."""

from __future__ import annotations

from chat.models.event import EventRow
from chat.models.generation import Generation
from chat.models.message import Message
from chat.models.session import ChatSession

__all__ = ["ChatSession", "EventRow", "Generation", "Message"]
