"""The simulated Ollama as the product's model server, and an outage of the database on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from tests.outage import storage_away
from tests.road import model_server, plenty

__all__ = ["conf", "enough", "model_server", "plenty", "storage_away"]


@pytest.fixture(autouse=True)
def enough(plenty: None) -> None:
    """Apply to every test here."""


@pytest.fixture
def conf(settings: Settings, plenty: None) -> Callable[..., None]:
    """Change some of the product's limits for one test."""

    def change(**changes: object) -> None:
        settings.SMAIL = replace(settings.SMAIL, **changes)  # type: ignore[arg-type]

    return change
