"""Every account page: renders, is one document with one heading, and keeps to the strict content security policy."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.first_run import first_run_url
from accounts.models import User
from tests.accounts.conftest import SignIn, confirm

FOR_ALL = ["login/", "password/reset/", "password/reset/done/", "inactive/", "password/reset/key/1-x/", "invitation/x/"]
FOR_SIGNED_IN = [
    "",
    "logout/",
    "email/",
    "password/change/",
    "reauthenticate/",
    "2fa/",
    "2fa/totp/activate/",
    "2fa/webauthn/",
    "2fa/webauthn/add/",
    "sessions/",
]


def assert_strict(html: str) -> None:
    scripts = re.findall(r"<script\b[^>]*>", html)
    assert all(" src=" in tag or 'type="application/json"' in tag for tag in scripts), scripts
    assert "<style" not in html
    assert not re.search(r"\s(style|on\w+)=", html)
    assert html.count("<h1") == html.count("<main") == 1


@pytest.mark.parametrize("path", FOR_ALL)
def test_it_works(client: Client, owner: User, path: str) -> None:
    response = client.get(f"/accounts/{path}")
    assert response.status_code in (200, 404)
    assert_strict(response.content.decode())
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    # With no-referrer a browser sends "Origin: null" with each form, and no form could be posted.
    assert response.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", FOR_SIGNED_IN)
def test_it_works_signed_in(sign_in: SignIn, owner: User, path: str) -> None:
    browser = sign_in(owner)
    confirm(browser)
    response = browser.get(f"/accounts/{path}")
    assert response.status_code == 200
    assert_strict(response.content.decode())


@pytest.mark.parametrize("path", FOR_SIGNED_IN)
def test_it_requires_signing_in(client: Client, owner: User, path: str) -> None:
    assert client.get(f"/accounts/{path}").status_code in (302, 403)


def test_pages_with_recovery_codes_are_strict(owner: User, secret: str) -> None:
    browser = Client()
    browser.force_login(owner)
    confirm(browser)
    for path in ("2fa/", "2fa/recovery-codes/", "2fa/recovery-codes/generate/", "2fa/totp/deactivate/"):
        response = browser.get(f"/accounts/{path}")
        assert response.status_code == 200
        assert_strict(response.content.decode())


def test_the_first_run_page_is_strict(client: Client, db: None) -> None:
    assert_strict(client.get(str(first_run_url(""))).content.decode())
