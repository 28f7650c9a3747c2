"""A chat session: a conversation that one user owns."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from chat.models.ids import new_id


class ChatSession(models.Model):
    """`touched_at` moves with everything that its list entry shows: messages, title, the state of an answer."""

    class TitleSource(models.TextChoices):
        NONE = "none", "not yet"
        WANTED = "wanted", "to be made by the model"
        AUTO = "auto", "made by the model"
        USER = "user", "given by the user"

    public_id = models.CharField(max_length=22, unique=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chat_sessions")
    title = models.CharField(max_length=120, blank=True)
    title_source = models.CharField(max_length=8, choices=TitleSource, default=TitleSource.NONE)
    title_attempts = models.PositiveSmallIntegerField(default=0)
    model = models.CharField(max_length=200, blank=True)
    system_prompt = models.TextField(blank=True)
    # The end of the branch that is shown.
    leaf = models.ForeignKey("Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-touched_at"], name="session_user_touched"),
            models.Index(fields=["title_source"], condition=models.Q(title_source="wanted"), name="session_untitled"),
        ]

    def __str__(self) -> str:
        return self.title or "New chat"
