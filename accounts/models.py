"""Who uses SMAIL."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person who signs in; ours from the first migration, so that it can grow."""
