"""Invitations: made in admin, shown once, used once.

An opened link is remembered in the visitor's session (so the token leaves the address bar); `claim` takes it in the
transaction that makes the user, by one conditional UPDATE, so two sign-ups at once cannot share it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Invitation, User

VALID_FOR = timedelta(days=7)
_SESSION_KEY = "invitation"


class InvitationRefused(Exception):
    """The invitation is used, expired, or was never made."""


def invite(
    *, made_by: User, email: str = "", note: str = "", expires_at: datetime | None = None
) -> tuple[Invitation, str]:
    """Make an invitation; return it with its token, which cannot be had again."""
    token, token_hash = new_token()
    invitation = Invitation.objects.create(
        token_hash=token_hash,
        email=email,
        note=note,
        made_by=made_by,
        expires_at=expires_at or timezone.now() + VALID_FOR,
    )
    return invitation, token


def new_token() -> tuple[str, str]:
    """Return a fresh token and what is stored of it."""
    token = secrets.token_urlsafe(32)
    return token, _hash(token)


def find(token: str) -> Invitation:
    """Return the open invitation of this token."""
    return _open(token_hash=_hash(token))


def remember(session: SessionBase, invitation: Invitation) -> None:
    session[_SESSION_KEY] = invitation.pk


def forget(session: SessionBase) -> None:
    session.pop(_SESSION_KEY, None)


def of_session(session: SessionBase) -> Invitation | None:
    """Return the open invitation that this visitor came with."""
    try:
        return _open(pk=session.get(_SESSION_KEY))
    except InvitationRefused:
        return None


def claim(invitation: Invitation, *, user: User) -> None:
    """Use the invitation up for this user; call it in the transaction that makes the user."""
    now = timezone.now()
    if not _still_open(now).filter(pk=invitation.pk).update(used_at=now, used_by=user):
        raise InvitationRefused


def _open(**lookup: object) -> Invitation:
    invitation = _still_open(timezone.now()).filter(**lookup).first()
    if invitation is None:
        raise InvitationRefused
    return invitation


def _still_open(now: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(used_at=None, expires_at__gt=now)


def _hash(token: str) -> str:
    # The token has 256 random bits, so a fast hash is enough.
    return hashlib.sha256(token.encode()).hexdigest()
