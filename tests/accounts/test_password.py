"""Changing and resetting the password."""

from __future__ import annotations

import re

from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.conftest import PASSWORD, SignIn

RESET = "/accounts/password/reset/"
NEW = "another long pass phrase"


def without_tokens(page: bytes) -> str:
    return re.sub(r"[A-Za-z0-9]{64}", "", page.decode())


def test_it_works(client: Client, owner: User) -> None:
    client.post(RESET, {"email": "owner@example.org"})
    link = re.search(r"http://testserver(\S+)", mail.outbox[0].body)
    assert link
    page = client.get(link[1]).url
    client.post(page, {"password1": NEW, "password2": NEW})
    owner.refresh_from_db()
    assert owner.check_password(NEW)


def test_the_mail_is_plain_text(client: Client, owner: User) -> None:
    client.post(RESET, {"email": "owner@example.org"})
    message = mail.outbox[0].message()
    assert message.get_content_type() == "text/plain"
    assert mail.outbox[0].subject == "[SMAIL] Reset your password"


def test_it_answers_the_same_for_an_unknown_address(client: Client, owner: User) -> None:
    known = client.post(RESET, {"email": "owner@example.org"}, follow=True)
    unknown = client.post(RESET, {"email": "nobody@example.org"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    assert known.status_code == unknown.status_code
    assert without_tokens(known.content) == without_tokens(unknown.content)
    assert [message.to for message in mail.outbox] == [["owner@example.org"], ["nobody@example.org"]]


def test_the_mail_to_an_unknown_address_offers_no_sign_up(client: Client, db: None) -> None:
    client.post(RESET, {"email": "nobody@example.org"})
    assert "signup" not in mail.outbox[0].body


def test_it_rejects_a_used_link(client: Client, owner: User) -> None:
    client.post(RESET, {"email": "owner@example.org"})
    link = re.search(r"http://testserver(\S+)", mail.outbox[0].body)
    assert link
    client.post(client.get(link[1]).url, {"password1": NEW, "password2": NEW})
    assert "cannot be used" in Client().get(link[1]).content.decode()


def test_it_rejects_more_than_five_resets_of_one_address(client: Client, owner: User) -> None:
    answers = [client.post(RESET, {"email": "owner@example.org"}).status_code for _ in range(6)]
    assert answers == [302] * 5 + [429]


def test_a_change_signs_out_the_other_devices(sign_in: SignIn, owner: User) -> None:
    here, there = sign_in(owner), sign_in(owner)
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert here.get("/accounts/").status_code == 200
    assert there.get("/accounts/").status_code == 302


def test_a_change_requires_the_old_password(sign_in: SignIn, owner: User) -> None:
    browser = sign_in(owner)
    browser.post("/accounts/password/change/", {"oldpassword": "wrong", "password1": NEW, "password2": NEW})
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
