"""`manage.py prune`: forget the events of answers that ended a day ago. Workers do so by themselves every hour."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from chat.events.prune import prune


class Command(BaseCommand):
    help = "Delete the event logs of answers that ended more than a day ago; the answers themselves stay."

    def handle(self, *args: Any, **options: Any) -> None:
        total = 0
        while deleted := prune():
            total += deleted
        self.stdout.write(f"{total} events pruned.")
