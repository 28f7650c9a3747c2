"""What SMAIL asks of django-allauth: who may sign up, how two-factor secrets are kept."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect

from accounts import first_run, invitations
from accounts.addresses import trust_given_address
from accounts.devices import device_name
from accounts.models import User


def may_sign_up(request: HttpRequest) -> bool:
    """Tell whether this visitor may make an account."""
    if first_run.is_pending():
        return False  # the first account is the administrator's, and it needs the console's link
    if settings.SMAIL_SIGNUP == "invite":
        return invitations.of_session(request.session) is not None
    return bool(settings.SMAIL_SIGNUP == "open")


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return may_sign_up(request)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save the new user and use the invitation up, both or neither."""
        invitation = invitations.of_session(request.session)
        try:
            with transaction.atomic():
                super().save_user(request, user, form, commit)
                if invitation:
                    invitations.claim(invitation, user=user)
                elif settings.SMAIL_SIGNUP == "invite":
                    raise invitations.InvitationRefused
        except invitations.InvitationRefused:
            raise ImmediateHttpResponse(redirect("account_signup")) from None
        invitations.forget(request.session)
        return user

    def login(self, request: HttpRequest, user: User) -> None:
        trust_given_address(user)
        super().login(request, user)


class TwoFactorAdapter(DefaultMFAAdapter):
    """Keeps two-factor secrets encrypted, so that a copy of the database alone makes no codes."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: User, type: str) -> str:
        return device_name(self.request.headers.get("user-agent", ""))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "SMAIL"}


def _cipher() -> MultiFernet:
    keys = [str(settings.SECRET_KEY), *map(str, settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"accounts.two-factor" + key.encode()).digest())
