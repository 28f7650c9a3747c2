"""`manage.py ask "…"`: one prompt, its answer streamed to the terminal and kept in the user's history.

The answer alone goes to stdout, everything else to stderr. Exit code 0 only if the answer is complete; Ctrl-C stops
the answer. It works beside a running server and without one: this process brings a worker of its own.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from chat.actions.send import Sent, send_prompt
from chat.actions.stop import stop_generation
from chat.errors import SmailError
from chat.events import types as t
from chat.generation.worker import Worker
from chat.models.ids import new_id
from chat.transports.event_feed import EventFeed
from chat.transports.hub import current_hub


class Command(BaseCommand):
    help = "Ask one question and stream the answer to the terminal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", help='what to ask; "-" reads it from standard input')
        parser.add_argument("--model", default="", help="the model to ask (default: the server's first)")
        parser.add_argument("--user", default="", help="whose history it goes to (default: the first administrator)")

    def handle(self, *args: Any, text: str, model: str, user: str, **options: Any) -> None:
        person = _person(user)
        text = sys.stdin.read() if text == "-" else text
        try:
            sent = send_prompt(user=person, chat_session=None, text=text, key=new_id(), model=model)
        except SmailError as error:
            raise CommandError(error.text) from error
        try:
            end = asyncio.run(_follow(sent, Printer()))
        except KeyboardInterrupt:
            stop_generation(generation=sent.generation)
            raise CommandError("Stopped. The text so far is kept.", returncode=130) from None
        if end is None or end.state != "completed" or end.finish_reason != "stop":
            raise CommandError("The answer is not complete.", returncode=1)


class Printer:
    """Prints events: text to stdout as it comes, what goes on to stderr."""

    def show(self, event: t.Event) -> None:
        match event.payload:
            case t.Content(chunk):
                print(chunk, end="", flush=True)
            case t.Replace(content, _):
                print(content, end="", flush=True)
            case t.Phase(_, text) | t.Retry(text=text):
                print(f"[{text}]", file=sys.stderr, flush=True)
            case t.Error(_, error, _):
                print(f"\n[{error}]", file=sys.stderr, flush=True)
            case t.End():
                print(flush=True)
            case _:
                return


def _person(username: str) -> User:
    people = User.objects.filter(is_active=True)
    person = people.filter(username=username).first() if username else people.filter(is_superuser=True).first()
    if person is None:
        raise CommandError(f"There is no user {username!r}." if username else "There is no administrator yet.")
    return person


async def _follow(sent: Sent, printer: Printer) -> t.End | None:
    """Print the events of the answer as they are stored; return how it ended."""
    hub = current_hub()
    end: t.End | None = None
    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(hub.run()), group.create_task(Worker(committed=hub.take).run())]
        async for events in EventFeed(hub, sent.generation.pk, 0).events():
            for event in events:
                printer.show(event)
                if isinstance(event.payload, t.End):
                    end = event.payload
        for task in beside:
            task.cancel()
    return end
