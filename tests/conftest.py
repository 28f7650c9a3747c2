"""The cast, and a database of its own for each test process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings as django_settings
from django.contrib.auth.hashers import make_password
from django.db import connections

from accounts.models import User
from chat.actions import limits as message_limits
from chat.models.work import close_connections
from tests.services import postgres_url, redis_url  # noqa: F401 - fixtures

pytest_plugins = ["tests.ollama_sim.fixtures"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Give each process of pytest-xdist a database of its own; SQLite's in a file, which threads and server
    processes see too."""
    default = django_settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        default["TEST"]["NAME"] = str(Path(tmp_path_factory.mktemp("database")) / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Generator[None]:
    """Close the connections of the database threads before their database is dropped."""
    yield
    close_connections()
    # Where asgiref runs what is synchronous in a request.
    SyncToAsync.single_thread_executor.submit(lambda: connections.close_all()).result()


@pytest.fixture(autouse=True)
def no_messages_counted() -> None:
    """Forget who sent how much: users of different tests have the same ids."""
    message_limits._limiter.cache_clear()


def pytest_configure(config: pytest.Config) -> None:
    """Serve `static/` itself: what was collected on this machine may be old, and a fresh clone has nothing.

    Before anything is collected, as importing a module may already make the storage read the collected names.
    """
    folder = tempfile.TemporaryDirectory(prefix="smail-static-")
    config.add_cleanup(folder.cleanup)
    django_settings.STATIC_ROOT = folder.name


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--only-database", action="store_true", help="run the tests that use the database, and no others")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse async tests inside a transaction: the ORM's thread would not see it, and rows would leak."""
    if config.getoption("--only-database"):
        config.hook.pytest_deselected(items=[item for item in items if not uses_database(item)])
        items[:] = [item for item in items if uses_database(item)]
    for item in items:
        mark = item.get_closest_marker("django_db")
        if mark and item.get_closest_marker("asyncio") and not mark.kwargs.get("transaction"):
            raise pytest.UsageError(f"{item.nodeid}: async tests need django_db(transaction=True)")


def uses_database(item: pytest.Item) -> bool:
    """True for a test marked so, and for one that gets the database through a fixture."""
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or bool({"db", "transactional_db"} & set(fixtures))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a skipped test a failed one where CI is set: a suite that leaves things out must not look whole."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not accept: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Hash the cast's password once: it takes as long as all else in most tests."""
    return make_password("a long pass phrase")


@pytest.fixture
def owner(db: None, password_hash: str) -> User:
    return User.objects.create(username="owner", email="owner@example.org", password=password_hash)


@pytest.fixture
def outsider(db: None, password_hash: str) -> User:
    return User.objects.create(username="outsider", email="outsider@example.org", password=password_hash)


@pytest.fixture
def staff(db: None, password_hash: str) -> User:
    staff = {"is_staff": True, "is_superuser": True}
    return User.objects.create(username="staff", email="staff@example.org", password=password_hash, **staff)
