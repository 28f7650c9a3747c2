"""Browsers and codes for the account tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client

from accounts.models import User

PASSWORD = "a long pass phrase"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

SignIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def fresh_rate_limits() -> Iterator[None]:
    """Each test starts with no tries counted."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def sign_in() -> SignIn:
    """Return a browser in which the user has signed in through the page."""

    def signed_in(user: User, user_agent: str = FIREFOX) -> Client:
        browser = Client(headers={"user-agent": user_agent})
        response = browser.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
        assert response.status_code == 302, response.content
        return browser

    return signed_in


@pytest.fixture
def secret(owner: User) -> str:
    """Turn on an authenticator app and recovery codes for the owner; return the app's secret."""
    secret = generate_totp_secret()
    TOTP.activate(owner, secret)
    RecoveryCodes.activate(owner)
    return secret


def confirm(browser: Client) -> None:
    """Give the password once more, as changes to the second factor require."""
    assert browser.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def totp(secret: str, *, steps: int = 0) -> str:
    """Return the code of RFC 6238, written here anew so that the product's own is checked by it."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def recovery_codes(user: User) -> list[str]:
    stored = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    return list(stored.wrap().get_unused_codes())
