"""Users and invitations in admin."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.invitations import find, invite
from accounts.models import Invitation, User
from tests.accounts.conftest import SignIn

ADD = "/admin/accounts/invitation/add/"
LIST = "/admin/accounts/invitation/"


def link_in(page: str) -> str | None:
    found = re.search(r"http://testserver(/accounts/invitation/[\w-]+/)", page)
    return found[1] if found else None


@pytest.fixture
def admin(sign_in: SignIn, staff: User) -> Client:
    return sign_in(staff)


def test_it_works(admin: Client, staff: User, settings: Settings) -> None:
    settings.SMAIL_SIGNUP = "invite"
    page = admin.post(ADD, {"email": "", "note": "Anna", "days": "3"}, follow=True).content.decode()
    link = link_in(page)
    assert link is not None
    invitation = find(link.split("/")[-2])
    assert invitation.made_by == staff and invitation.note == "Anna"
    assert timedelta(days=2) < invitation.expires_at - timezone.now() <= timedelta(days=3)
    assert Client().get(link).url == "/accounts/signup/"


def test_the_link_is_shown_once(admin: Client) -> None:
    admin.post(ADD, {"email": "", "note": "", "days": "3"}, follow=True)
    assert link_in(admin.get(LIST).content.decode()) is None
    shown = admin.get(f"{LIST}{Invitation.objects.get().pk}/change/")
    assert shown.status_code == 200
    assert link_in(shown.content.decode()) is None


def test_it_says_when_sign_up_is_closed(admin: Client) -> None:
    page = admin.post(ADD, {"email": "", "note": "", "days": "3"}, follow=True).content.decode()
    assert "Sign-up is closed" in page


def test_revoked_invitations_are_dead(admin: Client, staff: User) -> None:
    invitation, _ = invite(made_by=staff)
    admin.post(LIST, {"action": "revoke", "_selected_action": [invitation.pk]})
    invitation.refresh_from_db()
    assert invitation.state() == "expired"


@pytest.mark.parametrize(("state", "shown"), [("open", 1), ("expired", 1), ("used", 0)])
def test_invitations_are_found_by_state(admin: Client, staff: User, state: str, shown: int) -> None:
    invite(made_by=staff)
    invite(made_by=staff, expires_at=timezone.now())
    assert admin.get(LIST, {"state": state}).context["cl"].result_count == shown


def test_it_rejects_changes(admin: Client, staff: User) -> None:
    invitation, _ = invite(made_by=staff)
    assert admin.post(f"{LIST}{invitation.pk}/change/", {"email": "mine@example.org"}).status_code == 403


def test_it_rejects_those_without_the_permission(sign_in: SignIn, outsider: User, db: None) -> None:
    outsider.is_staff = True
    outsider.save()
    browser = sign_in(outsider)
    assert browser.get(ADD).status_code == 403
    assert browser.get("/admin/accounts/user/").status_code == 403
    outsider.user_permissions.add(Permission.objects.get(codename="add_invitation"))
    assert browser.get(ADD).status_code == 200


def test_a_user_is_made(admin: Client) -> None:
    form = {"username": "new", "email": "", "usable_password": "true"}
    admin.post("/admin/accounts/user/add/", {**form, "password1": "pass a phrase", "password2": "pass a phrase"})
    assert User.objects.get(username="new").check_password("pass a phrase")


def test_an_address_given_in_admin_counts_as_confirmed(admin: Client, owner: User) -> None:
    page = f"/admin/accounts/user/{owner.pk}/change/"
    form = admin.get(page).context["adminform"].form
    values = {name: value for name, value in form.initial.items() if isinstance(value, str | bool) and value}
    joined = owner.date_joined
    values |= {"date_joined_0": joined.date().isoformat(), "date_joined_1": joined.time().isoformat("seconds")}
    assert admin.post(page, {**values, "email": "given@example.org"}).status_code == 302
    assert [(a.email, a.verified) for a in EmailAddress.objects.filter(user=owner)] == [("given@example.org", True)]


def test_a_lost_second_factor_is_taken_off(admin: Client, owner: User, secret: str) -> None:
    page = "/admin/mfa/authenticator/"
    for factor in Authenticator.objects.filter(user=owner):
        shown = admin.get(f"{page}{factor.pk}/change/").content.decode()
        assert secret not in shown and "secret" not in shown
        admin.post(f"{page}{factor.pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.filter(user=owner).exists()


def test_it_rejects_giving_somebody_a_second_factor(admin: Client, owner: User, secret: str) -> None:
    factor = Authenticator.objects.filter(user=owner).first()
    assert factor is not None
    assert admin.get("/admin/mfa/authenticator/add/").status_code == 403
    assert admin.post(f"/admin/mfa/authenticator/{factor.pk}/change/", {"data": "{}"}).status_code == 403


@pytest.mark.parametrize("path", ["usersessions/usersession/", "account/emailaddress/"])
def test_session_keys_and_foreign_addresses_are_not_shown(admin: Client, path: str) -> None:
    assert admin.get(f"/admin/{path}").status_code == 404


def test_it_rejects_deleting_a_user(admin: Client, owner: User) -> None:
    assert admin.post(f"/admin/accounts/user/{owner.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=owner.pk).exists()
