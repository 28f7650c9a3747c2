"""Admin has no door of its own."""

from __future__ import annotations

from django.test import Client

from accounts.models import User
from tests.accounts.conftest import PASSWORD, SignIn


def test_it_works(sign_in: SignIn, staff: User) -> None:
    assert sign_in(staff).get("/admin/").status_code == 200


def test_the_admin_sign_in_leads_to_ours(client: Client, staff: User) -> None:
    response = client.get("/admin/login/", {"next": "/admin/"})
    assert (response.status_code, response.url) == (302, "/accounts/login/?next=%2Fadmin%2F")


def test_it_takes_no_password_itself(client: Client, staff: User) -> None:
    response = client.post("/admin/login/", {"username": "staff", "password": PASSWORD})
    assert response.url.startswith("/accounts/login/")
    assert "_auth_user_id" not in client.session


def test_it_rejects_those_who_are_not_staff(sign_in: SignIn, owner: User) -> None:
    browser = sign_in(owner)
    assert browser.get("/admin/login/").status_code == 403
    assert browser.get("/admin/", follow=True).status_code == 403


def test_the_password_is_changed_in_one_place(sign_in: SignIn, staff: User) -> None:
    assert sign_in(staff).get("/admin/password_change/").url == "/accounts/password/change/"
