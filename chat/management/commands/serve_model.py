"""`manage.py serve_model`: a small real model behind Ollama's protocol, on loopback."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.features.local_model.serve import CannotServe, serve_model


class Command(BaseCommand):
    help = "Serve a small real language model (SmolLM2, 135M) on loopback, speaking Ollama's protocol."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
        parser.add_argument("--port", type=int, default=11434, help="default: 11434; 0 takes a free one")
        parser.add_argument("--threads", type=int, default=0, help="default: one a core, 8 at most")
        parser.add_argument("--exit-with-input", action="store_true", help="end when standard input closes")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            serve_model(
                options["host"], options["port"], threads=options["threads"], watch_input=options["exit_with_input"]
            )
        except CannotServe as problem:
            raise CommandError(str(problem)) from problem
