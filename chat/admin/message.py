"""Messages: one page each, and a list to search in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils.text import Truncator

from chat.admin.readonly import ReadOnlyAdmin, note_reading
from chat.models import Message


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "role", "excerpt", "chat_session", "created_at")
    list_select_related = ("chat_session",)
    list_filter = ("role", "created_at")
    search_fields = ("content", "=public_id", "=chat_session__public_id")
    fields = ("public_id", "chat_session", "parent", "role", "content", "thinking", "thinking_s", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        queryset: QuerySet[Message] = super().get_queryset(request)
        return queryset.annotate(start=Left("content", 81)).defer("content", "thinking")  # texts may be long

    @admin.display(description="Text")
    def excerpt(self, message: Any) -> str:
        return Truncator(message.start).chars(80)

    def page(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        note_reading(request, obj.chat_session)
        return {}
