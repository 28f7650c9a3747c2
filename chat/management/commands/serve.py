"""`manage.py serve`: the web process, with the worker inside unless SMAIL_WORKER=none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.first_run import first_run_url
from chat.conf import conf
from chat.features.local_model.start import Started, ensure_model_server


class Command(BaseCommand):
    help = "Serve SMAIL; stop it with Ctrl-C or SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000)")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        from smail.asgi import application
        from smail.server.server import SmailServer  # late: importing Daphne's server installs its reactor

        base: Path = settings.BASE_DIR
        model = ensure_model_server(
            conf.ollama_host,
            settings.SMAIL_LOCAL_MODEL,
            manage_py=base / "manage.py",
            log=settings.VAR_DIR / "model.log",
        )
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        server = SmailServer(application, host=host, port=port, ready=lambda: self._welcome(url))
        try:
            server.run()
        finally:
            if isinstance(model, Started):
                model.stop()
        if server.failed:
            raise CommandError(f"Cannot listen on {host}:{port}: {server.failed}")

    def _welcome(self, url: str) -> None:
        print(f"SMAIL is ready: {url}", file=sys.stderr)
        first = first_run_url(url)
        if first:
            print(f"Nobody has an account yet. Make the first administrator here: {first}", file=sys.stderr)
        sys.stderr.flush()
