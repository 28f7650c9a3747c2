"""Chat sessions: found by title, person, id or text; put away and brought back; destroyed by superusers alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Left
from django.http import HttpRequest

from chat.actions import sessions
from chat.admin.filters import DeletedFilter, ErrorCodeFilter, ModelFilter, StateFilter, UserFilter
from chat.admin.keyset import AFTER, key_of
from chat.admin.readonly import ReadOnlyAdmin, may_read_text, note_reading
from chat.models import ChatSession, EventRow, Generation, Message

MESSAGES_ON_A_PAGE = 100


@admin.register(ChatSession)
class ChatSessionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "user", "model", "messages", "state", "created_at", "touched_at", "deleted")
    list_select_related = ("user",)
    list_filter = (UserFilter, ModelFilter, StateFilter, ErrorCodeFilter, DeletedFilter, "created_at")
    search_fields = ("title",)
    search_help_text = "Title, username, email, public id, or words of a message"
    fields = ("public_id", "user", "title", "title_source", "model", "system_prompt", "created_at", "touched_at")
    actions = ("put_away", "bring_back")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChatSession]:
        mine = {"chat_session": OuterRef("pk")}
        count = Message.objects.filter(**mine).order_by().values("chat_session").annotate(n=Count("pk")).values("n")
        latest = Generation.objects.filter(**mine).order_by("-pk").values("state")[:1]
        queryset: QuerySet[ChatSession] = super().get_queryset(request)
        return queryset.annotate(message_count=Coalesce(Subquery(count), 0), latest_state=Subquery(latest))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not (words := search_term.strip()):
            return queryset, False
        found = Q(title__icontains=words) | Q(public_id=words)
        found |= Q(user__username__icontains=words) | Q(user__email__icontains=words)
        if may_read_text(request):
            found |= Q(Exists(Message.objects.filter(chat_session=OuterRef("pk"), content__icontains=words)))
        return queryset.filter(found), False

    def has_put_away_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("chat.delete_chatsession")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    @admin.display(description="Messages")
    def messages(self, chat_session: Any) -> int:
        return int(chat_session.message_count)

    @admin.display(description="Latest answer")
    def state(self, chat_session: Any) -> str:
        return chat_session.latest_state or "–"

    @admin.display(description="Deleted", boolean=True)
    def deleted(self, chat_session: ChatSession) -> bool:
        return chat_session.deleted_at is not None

    @admin.action(description="Put away (the person can no longer see it)", permissions=["put_away"])
    def put_away(self, request: HttpRequest, queryset: QuerySet[ChatSession]) -> None:
        for chat_session in queryset.filter(deleted_at=None):
            sessions.delete(chat_session=chat_session)
            self.log_change(request, chat_session, "Put away.")
        self.message_user(request, "Put away.", messages.SUCCESS)

    @admin.action(description="Bring back", permissions=["put_away"])
    def bring_back(self, request: HttpRequest, queryset: QuerySet[ChatSession]) -> None:
        for chat_session in queryset.exclude(deleted_at=None):
            sessions.restore(chat_session=chat_session)
            self.log_change(request, chat_session, "Brought back.")
        self.message_user(request, "Brought back.", messages.SUCCESS)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Name the sessions and count the rest; Django's own way would list every event."""
        mine = {"chat_session__in": [chat_session.pk for chat_session in objs]}
        counts = {
            "chat sessions": len(objs),
            "messages": Message.objects.filter(**mine).count(),
            "generations": Generation.objects.filter(**mine).count(),
            "events": EventRow.objects.filter(generation__chat_session__in=mine["chat_session__in"]).count(),
        }
        return [str(chat_session) for chat_session in objs], counts, set(), []

    def page(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        if not may_read_text(request):
            return {}
        note_reading(request, obj)
        return message_page(obj, key_of(request.GET.get(AFTER, "")))


def message_page(chat_session: ChatSession, after: int | None) -> dict[str, Any]:
    """Return the messages with their generations, oldest first, and the key of the next page."""
    generations = Prefetch("generations", Generation.objects.order_by("pk"))
    queryset = chat_session.messages.filter(pk__gt=after or 0).order_by("pk").prefetch_related(generations)
    queryset = queryset.annotate(excerpt=Left("content", 400)).defer("content", "thinking")
    rows = list(queryset[: MESSAGES_ON_A_PAGE + 1])
    shown = rows[:MESSAGES_ON_A_PAGE]
    return {"chat_messages": shown, "next_after": shown[-1].pk if len(rows) > len(shown) else None}
