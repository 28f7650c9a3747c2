"""A site of its own for each test: a database with people in it, a model server, processes that end with the test."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.processes import ROOT, Site
from tests.faults.viewers import Person
from tests.ollama_sim import OllamaSimThread

PASSWORD = "a long pass phrase"
MAKE_PEOPLE = f"""
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from accounts.models import User
call_command("migrate", verbosity=0)
for number, name in enumerate(["pat", "kim"]):
    user = User.objects.create_superuser(name, f"{{name}}@example.org", {PASSWORD!r})
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    print("KEY", session.session_key)
"""


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Make a database once, with people who are signed in; return it and their session keys."""
    site = Site(tmp_path_factory.mktemp("people"), "http://127.0.0.1:1")
    command = [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", MAKE_PEOPLE]
    done = subprocess.run(command, cwd=ROOT, env=site.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return site.database, [line.removeprefix("KEY ") for line in done.stdout.splitlines() if line.startswith("KEY ")]


@pytest.fixture
def model() -> Iterator[OllamaSimThread]:
    """The model server: 400 tokens a second, as many answers at once as are wanted."""
    with OllamaSimThread(slots=64, tokens_per_s=400.0) as sim:
        yield sim


@pytest.fixture
def site(people: tuple[Path, list[str]], tmp_path: Path, model: OllamaSimThread) -> Iterator[Site]:
    """An installation whose processes are not started yet."""
    site = Site(tmp_path, model.url)
    shutil.copy(people[0], site.database)
    yield site
    site.clean_up()


@pytest.fixture
def person(people: tuple[Path, list[str]], site: Site) -> Person:
    return Person(people[1][0], site.url)
