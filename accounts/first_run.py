"""The first administrator: made through a one-time link that only the server's console shows.

The link holds 256 bits that are made from a stored random nonce and the secret key: every process and every restart
prints the same link, the database alone does not give it away, and it dies with its use. `manage.py serve` calls
`first_run_url` at its start.
"""

from __future__ import annotations

import base64
import secrets

from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.addresses import trust_given_address
from accounts.models import FirstRun, User


class LinkRefused(Exception):
    """The link is wrong, used, or there is a user already."""


def is_pending() -> bool:
    """Tell whether the first administrator is still to be made."""
    return not User.objects.exists()


def first_run_url(base_url: str) -> str | None:
    """Return the link to the page where the first administrator is made, None once a user exists."""
    if not is_pending():
        return None
    row, _ = FirstRun.objects.get_or_create(pk=1, defaults={"nonce": secrets.token_hex(32)})
    return base_url.rstrip("/") + reverse("accounts:first_run", args=[_token(row.nonce)])


def check(token: str) -> FirstRun:
    """Return the row that the token belongs to."""
    row = FirstRun.objects.filter(pk=1).first()
    if row is None or not constant_time_compare(token, _token(row.nonce)) or not is_pending():
        raise LinkRefused
    return row


def make_first_administrator(*, token: str, username: str, email: str, password: str) -> User:
    """Make the administrator and use the link up; of two at once only one succeeds."""
    row = check(token)
    user = User(username=username, email=User.objects.normalize_email(email), is_staff=True, is_superuser=True)
    user.set_password(password)  # slow by intent, so not inside the transaction
    with transaction.atomic():
        # The DELETE is the lock: a second one waits for the first to commit, and then deletes nothing.
        deleted, _ = FirstRun.objects.filter(pk=1, nonce=row.nonce).delete()
        if not deleted or not is_pending():
            raise LinkRefused
        user.save()
        trust_given_address(user)
    return user


def _token(nonce: str) -> str:
    digest = salted_hmac("accounts.first_run", nonce, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
