"""Ids that the outside sees: they reveal neither counts nor order."""

from __future__ import annotations

import secrets


def new_id() -> str:
    """Return 128 random bits in 22 URL-safe characters."""
    return secrets.token_urlsafe(16)
