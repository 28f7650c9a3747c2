"""A message: one side's utterance. Messages of a chat session form a tree; a path through it is a branch."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from chat.models.ids import new_id


class Message(models.Model):
    """An answer's `content` and `thinking` are the fold of its events, written together with `end`.

    Until then they are what an earlier generation of the same answer reached; `queries/branch` reads the log
    instead. `key` is the sender's own name for a prompt: the same key again is the same prompt, for ever.
    """

    class Role(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"
        SYSTEM = "system"

    public_id = models.CharField(max_length=22, unique=True, default=new_id, editable=False)
    chat_session = models.ForeignKey("ChatSession", on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    role = models.CharField(max_length=9, choices=Role)
    content = models.TextField(blank=True)
    thinking = models.TextField(blank=True)
    thinking_s = models.FloatField(null=True, blank=True)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    key = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "key"], condition=~models.Q(key=""), name="message_key_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.public_id}"
