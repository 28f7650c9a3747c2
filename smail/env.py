"""Reading choices from the environment; a wrong value stops the start with the setting's name in the message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    import environ


def choice(env: environ.Env, name: str, default: str, *others: str) -> Any:
    """Return the setting, one of `default` and `others`."""
    value = env.str(name, default=default)
    if value not in (default, *others):
        raise ImproperlyConfigured(f"{name} must be one of {', '.join((default, *others))}, not {value!r}")
    return value
