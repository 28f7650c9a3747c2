"""Signing in and out, by username or email; one answer for all wrong tries."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from tests.accounts.conftest import PASSWORD, SignIn

PAGE = "/accounts/login/"


class CountingHasher(Argon2PasswordHasher):
    """Cheap, and tells how often a password was hashed."""

    time_cost, memory_cost, parallelism = 1, 8, 1
    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.hashed += 1
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        CountingHasher.hashed += 1
        return super().verify(password, encoded)


def test_it_works(client: Client, owner: User) -> None:
    response = client.post(PAGE, {"login": "owner", "password": PASSWORD})
    assert (response.status_code, response.url) == (302, "/")
    assert client.get("/accounts/").context["user"] == owner


def test_it_takes_the_email(client: Client, owner: User) -> None:
    assert client.post(PAGE, {"login": "Owner@Example.org", "password": PASSWORD}).status_code == 302


def test_it_goes_back_to_where_one_wanted_to_be(client: Client, owner: User) -> None:
    response = client.post(PAGE, {"login": "owner", "password": PASSWORD, "next": "/accounts/sessions/"})
    assert response.url == "/accounts/sessions/"


def test_it_rejects_a_foreign_address_to_go_to(client: Client, owner: User) -> None:
    response = client.post(PAGE, {"login": "owner", "password": PASSWORD, "next": "https://evil.example/"})
    assert response.url == "/"


def test_it_answers_the_same_for_a_wrong_password_and_an_unknown_name(client: Client, owner: User) -> None:
    wrong = client.post(PAGE, {"login": "owner", "password": "wrong"})
    unknown = client.post(PAGE, {"login": "nobody", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 200
    assert wrong.context["form"].errors == unknown.context["form"].errors


def test_it_hashes_once_for_a_known_and_an_unknown_name(client: Client, settings: Settings, db: None) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    User.objects.create_user("owner", "", PASSWORD)
    counts = []
    for name in ("owner", "nobody"):
        CountingHasher.hashed = 0
        client.post(PAGE, {"login": name, "password": "wrong"})
        counts.append(CountingHasher.hashed)
    assert counts == [1, 1]


def test_it_rejects_a_switched_off_account(client: Client, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    response = client.post(PAGE, {"login": "owner", "password": PASSWORD})
    assert response.url == "/accounts/inactive/"
    assert "_auth_user_id" not in client.session


def test_it_rejects_more_than_five_wrong_tries(client: Client, owner: User) -> None:
    for _ in range(5):
        client.post(PAGE, {"login": "owner", "password": "wrong"})
    response = client.post(PAGE, {"login": "owner", "password": PASSWORD})
    assert "Too many failed" in response.content.decode()


def test_it_changes_the_session_key(client: Client, owner: User) -> None:
    session = client.session  # what an attacker may have planted
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.post(PAGE, {"login": "owner", "password": PASSWORD})
    assert client.session.session_key != planted
    assert not session.exists(planted)


def test_passwords_are_stored_by_argon2(owner: User) -> None:
    assert owner.password.startswith("argon2$argon2id$")


def test_signing_out_ends_the_session(sign_in: SignIn, owner: User) -> None:
    browser = sign_in(owner)
    key = browser.session.session_key
    browser.post("/accounts/logout/")
    assert not browser.session.exists(key)
    assert browser.get("/accounts/").status_code == 302


def test_signing_out_needs_a_post(sign_in: SignIn, owner: User) -> None:
    browser = sign_in(owner)
    browser.get("/accounts/logout/")
    assert browser.get("/accounts/").status_code == 200


@pytest.mark.parametrize(("username", "email"), [("OWNER", "x@example.org"), ("other", "OWNER@example.org")])
def test_names_may_not_differ_by_case_alone(owner: User, username: str, email: str) -> None:
    with pytest.raises(ValidationError):
        User(username=username, email=email, password="x").full_clean()
