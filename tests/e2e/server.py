"""A real SMAIL server as a process of its own, on its own database, and people who are signed in to it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
PEOPLE = 100
PASSWORD = "a long pass phrase"

MAKE_PEOPLE = f"""
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from accounts.models import User
User.objects.create_superuser("pat", "pat@example.org", {PASSWORD!r})
keys = []
for number in range({PEOPLE}):
    user = User(username=f"person-{{number}}", email=f"person-{{number}}@example.org")
    user.set_unusable_password()
    user.save()
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    keys.append(session.session_key)
print("KEYS " + json.dumps(keys))
"""


class ServerProcess:
    """`manage.py serve` with its embedded worker, from the collected static files, as `make run` has it."""

    def __init__(self, folder: Path, *, port: int, ollama_url: str) -> None:
        self.port = port
        self.database = folder / "smail.sqlite3"
        self.log = folder / "server.log"
        self._process: subprocess.Popen[str] | None = None
        self._ready = threading.Event()
        self._environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.e2e.settings",
            "E2E_STATIC_ROOT": str(folder / "static"),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "OLLAMA_HOST": ollama_url,
            "SMAIL_LOCAL_MODEL": "off",
            "SMAIL_WORKER": "embedded",
            "SECRET_KEY": "only for these tests",
            "DEBUG": "0",
            "PYTHONUNBUFFERED": "1",
        }
        self.session_keys: list[str] = []

    def set_up(self) -> None:
        self.manage("migrate", "--verbosity=0")
        self.manage("collectstatic", "--noinput", "--verbosity=0")
        said = self.manage("shell", "--verbosity=0", "-c", MAKE_PEOPLE)
        self.session_keys = json.loads(said.split("KEYS ", 1)[1])

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def __enter__(self) -> Self:
        command = [sys.executable, "manage.py", "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._listener = threading.Thread(target=self._listen, args=[self._process], daemon=True)
        self._listener.start()
        assert self._ready.wait(START_S) and self._process.poll() is None, self.log.read_text()
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(START_S)
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        """Keep what the server says, until it has ended; note when it says that it is ready."""
        assert process.stderr is not None
        with self.log.open("a") as log:
            for line in process.stderr:
                log.write(line)
                log.flush()
                if "SMAIL is ready" in line:
                    self._ready.set()
        self._ready.set()

    def stored(self, message_id: str) -> str:
        """Return what the database has of an answer."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            row = database.execute("SELECT content FROM chat_message WHERE public_id = ?", (message_id,)).fetchone()
        return str(row[0])

    def count(self, table: str) -> int:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
