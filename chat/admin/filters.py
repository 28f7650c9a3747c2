"""Filters that cost the same for ten users and for ten thousand: typed, not chosen from a list of all values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest

from accounts.models import User
from chat.models import ChatSession, Generation

# Suggestions come from the latest rows alone; a DISTINCT over all would read the whole table.
RECENT = 1_000


class TextFilter(admin.SimpleListFilter):
    """A box to type in, with suggestions."""

    template = "admin/chat/text_filter.html"
    suggest: ClassVar[str] = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in recent_values(self.suggest)] if self.suggest else []

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        others = {name: value for name, value in changelist.params.items() if name != self.parameter_name}
        yield {
            "value": self.value() or "",
            "parameter": self.parameter_name,
            "suggestions": [value for value, _ in self.lookup_choices],
            "others": others,
            "without": changelist.get_query_string(remove=[str(self.parameter_name)]),
        }


class UserFilter(TextFilter):
    title = "user"
    parameter_name = "by_user"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (name := self.value()):
            return queryset
        return queryset.filter(user__in=User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name)))


class GenerationFilter(TextFilter):
    """Chooses generations by one column, or the chat sessions that have such a generation."""

    column: ClassVar[str]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (value := self.value()):
            return queryset
        return with_generation(queryset, **{self.column: value})


class ModelFilter(GenerationFilter):
    title = "model"
    parameter_name = "by_model"
    column = suggest = "model"


class ErrorCodeFilter(GenerationFilter):
    title = "error code"
    parameter_name = "by_error"
    column = suggest = "error_code"


class StateFilter(admin.SimpleListFilter):
    title = "state of a generation"
    parameter_name = "by_state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in Generation.State.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return with_generation(queryset, state=value) if (value := self.value()) else queryset


class DeletedFilter(admin.SimpleListFilter):
    title = "deleted"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "no"), ("yes", "yes, can be restored")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in ("no", "yes"):
            return queryset.filter(deleted_at__isnull=self.value() == "no")
        return queryset


def with_generation(queryset: QuerySet[Any], **columns: str) -> QuerySet[Any]:
    if _model(queryset) is ChatSession:
        return queryset.filter(Exists(Generation.objects.filter(chat_session=OuterRef("pk"), **columns)))
    return queryset.filter(**columns)


def recent_values(column: str) -> list[str]:
    latest = Generation.objects.order_by("-pk").values_list(column, flat=True)[:RECENT]
    return sorted({value for value in latest if value})[:50]


def _model(queryset: QuerySet[Any]) -> type[Model]:
    return queryset.model
