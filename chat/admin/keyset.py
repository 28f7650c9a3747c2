"""Lists that are paged by key: a page costs the same wherever it is and however many rows there are.

Django's own list counts all rows and skips to a page by OFFSET. This one reads one row more than it shows, newest
first, and leads on with `?after=ID`.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

AFTER = "after"


class KeysetChangeList(ChangeList):
    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        query = request.GET.copy()
        self.after = key_of(query.pop(AFTER, [""])[-1])
        request.GET = query  # type: ignore[assignment]  # so that no link, filter or search form carries the place along
        super().__init__(request, *args, **kwargs)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return ["-pk"]

    def get_results(self, request: HttpRequest) -> None:
        queryset = self.queryset.filter(pk__lt=self.after) if self.after else self.queryset
        rows = list(queryset[: self.list_per_page + 1])
        self.result_list = rows[: self.list_per_page]
        self.next_after = self.result_list[-1].pk if len(rows) > self.list_per_page else None
        self.result_count = len(self.result_list)
        self.full_result_count = None
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = self.multi_page = False

    @property
    def first_link(self) -> str:
        return self.get_query_string()

    @property
    def next_link(self) -> str:
        return self.get_query_string({AFTER: self.next_after})


def key_of(text: str) -> int | None:
    """Return the key that an address names, None for the first page and for nonsense."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
