"""Changing the address of an account."""

from __future__ import annotations

import re

from django.core import mail
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from tests.accounts.conftest import SignIn, confirm

PAGE = "/accounts/email/"
NEW = {"email": "new@example.org", "action_add": ""}


def test_it_works(sign_in: SignIn, owner: User) -> None:
    browser = sign_in(owner)
    confirm(browser)
    browser.post(PAGE, NEW)
    link = re.search(r"http://testserver(\S+)", mail.outbox[0].body)
    assert link and mail.outbox[0].to == ["new@example.org"]
    assert "Is this your address?" in browser.get(link[1]).content.decode()
    browser.post(link[1])
    owner.refresh_from_db()
    assert owner.email == "new@example.org"


def test_it_keeps_the_old_one_until_the_new_one_is_confirmed(sign_in: SignIn, owner: User) -> None:
    browser = sign_in(owner)
    confirm(browser)
    browser.post(PAGE, NEW)
    owner.refresh_from_db()
    assert owner.email == "owner@example.org"


def test_it_requires_to_confirm_again(sign_in: SignIn, owner: User) -> None:
    assert sign_in(owner).post(PAGE, NEW).url.startswith("/accounts/reauthenticate/")
    assert mail.outbox == []


def test_it_rejects_an_address_of_somebody_else(sign_in: SignIn, owner: User, outsider: User) -> None:
    browser = sign_in(owner)
    confirm(browser)
    sign_in(outsider)
    browser.post(PAGE, {**NEW, "email": outsider.email})
    for message in mail.outbox:
        for link in re.findall(r"http://testserver(/accounts/confirm-email/\S+)", message.body):
            browser.post(link)
    owner.refresh_from_db()
    assert owner.email == "owner@example.org"


def test_signing_up_with_a_known_address_makes_no_second_account(
    client: Client, owner: User, settings: Settings
) -> None:
    settings.SMAIL_SIGNUP = "open"
    form = {"username": "new", "email": owner.email, "password1": "pass a phrase", "password2": "pass a phrase"}
    assert client.post("/accounts/signup/", form).status_code == 200
    assert not User.objects.filter(username="new").exists()
