"""Who uses SMAIL, and the two one-time rights by which a person becomes a user: an invitation, and the first
run's link. Tokens are never stored: an invitation keeps a hash, the first run a nonce that is worthless without
the secret key."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone


class User(AbstractUser):
    """A person who signs in; by username or email, so neither may differ from another's by case alone."""

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_once",
                violation_error_message="A user with that username already exists.",
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="user_email_once",
                violation_error_message="A user with that email address already exists.",
            ),
        ]


class Invitation(models.Model):
    """The right to sign up once. Used by one conditional UPDATE in `accounts/invitations.py`."""

    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    email = models.EmailField(blank=True, help_text="If given, only this address can sign up with the link.")
    note = models.CharField(max_length=120, blank=True, help_text="Whom it is for; only administrators see it.")
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True, editable=False)
    used_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )

    def __str__(self) -> str:
        return self.email or self.note or f"invitation {self.pk}"

    def state(self, now: datetime | None = None) -> str:
        """Return `used`, `expired` or `open`."""
        if self.used_at:
            return "used"
        return "expired" if self.expires_at <= (now or timezone.now()) else "open"


class FirstRun(models.Model):
    """The right to make the first administrator: at most one row, deleted with its use."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    nonce = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="first_run_one_row")]

    def __str__(self) -> str:
        return "first run"
