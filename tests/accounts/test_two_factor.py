"""The second factor: authenticator app and recovery codes."""

from __future__ import annotations

import re

from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import User
from tests.accounts.conftest import PASSWORD, SignIn, confirm, recovery_codes, totp

SECOND_STEP = "/accounts/2fa/authenticate/"
SET_UP = "/accounts/2fa/totp/activate/"


def after_password(user: User) -> Client:
    browser = Client()
    response = browser.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert response.url == SECOND_STEP
    return browser


def test_it_works(sign_in: SignIn, owner: User) -> None:
    browser = sign_in(owner)
    confirm(browser)
    page = browser.get(SET_UP).content.decode()
    secret = re.search(r"<code>(\w+)</code>", page)
    assert secret
    assert browser.post(SET_UP, {"code": totp(secret[1])}).url == "/accounts/2fa/recovery-codes/"
    assert len(re.findall(r"<code>\d{8}</code>", browser.get("/accounts/2fa/recovery-codes/").content.decode())) == 10

    second = after_password(owner)
    assert second.post(SECOND_STEP, {"code": totp(secret[1], steps=1)}).url == "/"
    assert second.get("/accounts/").status_code == 200


def test_it_rejects_a_wrong_code_at_set_up(sign_in: SignIn, owner: User) -> None:
    browser = sign_in(owner)
    confirm(browser)
    browser.get(SET_UP)
    assert browser.post(SET_UP, {"code": "000000"}).status_code == 200
    assert not Authenticator.objects.exists()


def test_it_requires_the_second_step(owner: User, secret: str) -> None:
    browser = after_password(owner)
    assert browser.get("/accounts/").status_code == 302
    assert "_auth_user_id" not in browser.session


def test_it_requires_the_second_step_for_admin(staff: User, owner: User, secret: str) -> None:
    User.objects.filter(pk=owner.pk).update(is_staff=True, is_superuser=True)
    assert after_password(owner).get("/admin/").status_code == 302


def test_it_rejects_a_wrong_code(owner: User, secret: str) -> None:
    browser = after_password(owner)
    assert browser.post(SECOND_STEP, {"code": "000000"}).status_code == 200
    assert "_auth_user_id" not in browser.session


def test_it_rejects_the_same_code_again(owner: User, secret: str) -> None:
    code = totp(secret)
    assert after_password(owner).post(SECOND_STEP, {"code": code}).status_code == 302
    assert after_password(owner).post(SECOND_STEP, {"code": code}).status_code == 200


def test_a_recovery_code_works_once(owner: User, secret: str) -> None:
    code = recovery_codes(owner)[0]
    assert after_password(owner).post(SECOND_STEP, {"code": code}).url == "/"
    assert after_password(owner).post(SECOND_STEP, {"code": code}).status_code == 200
    assert code not in recovery_codes(owner)


def test_secrets_are_stored_encrypted(owner: User, secret: str) -> None:
    codes = recovery_codes(owner)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(code in stored for code in codes)


def test_setting_it_up_requires_to_confirm_again(sign_in: SignIn, owner: User) -> None:
    assert sign_in(owner).get(SET_UP).url.startswith("/accounts/reauthenticate/")


def test_turning_it_off_requires_to_confirm_again(owner: User, secret: str) -> None:
    browser = after_password(owner)
    browser.post(SECOND_STEP, {"code": totp(secret)})
    response = browser.post("/accounts/2fa/totp/deactivate/")
    assert response.url.startswith("/accounts/reauthenticate/")
    assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).exists()


def test_setting_it_up_requires_to_be_signed_in(client: Client, db: None) -> None:
    assert client.get(SET_UP).status_code in (302, 403)
