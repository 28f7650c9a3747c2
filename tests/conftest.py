"""The cast, and a database of its own for each test process."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings as django_settings

from accounts.models import User

pytest_plugins = ["tests.ollama_sim.fixtures"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Put SQLite's test database in a file: threads and server processes must see the same one."""
    default = django_settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        default["TEST"]["NAME"] = str(Path(tmp_path_factory.mktemp("database")) / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def empty_static_root(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Serve `static/` itself: what was collected on this machine may be old, and a fresh clone has nothing."""
    django_settings.STATIC_ROOT = tmp_path_factory.mktemp("static")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse async tests inside a transaction: the ORM's thread would not see it, and rows would leak."""
    for item in items:
        mark = item.get_closest_marker("django_db")
        if mark and item.get_closest_marker("asyncio") and not mark.kwargs.get("transaction"):
            raise pytest.UsageError(f"{item.nodeid}: async tests need django_db(transaction=True)")


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("owner", "owner@example.org", "a long pass phrase")


@pytest.fixture
def outsider(db: None) -> User:
    return User.objects.create_user("outsider", "outsider@example.org", "a long pass phrase")


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("staff", "staff@example.org", "a long pass phrase")
