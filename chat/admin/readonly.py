"""What all chat pages of admin share: history is shown and cannot be forged."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest, HttpResponse

from chat.admin.keyset import KeysetChangeList
from chat.models import ChatSession

logger = logging.getLogger(__name__)


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """No adding, changing or deleting, for nobody; seen by those with the view permission."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeysetChangeList

    def page(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Return what the page of this row shows besides its fields."""
        return {}

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context |= self.page(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


def may_read_text(request: HttpRequest) -> bool:
    """Tell whether this administrator may see what people and models wrote."""
    return request.user.has_perm("chat.view_message")


def note_reading(request: HttpRequest, chat_session: ChatSession) -> None:
    """Leave a trace that somebody's text was shown; the text itself is never logged."""
    logger.info("administrator %s read chat session %s", request.user.pk, chat_session.public_id)
