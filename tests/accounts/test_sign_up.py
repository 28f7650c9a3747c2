"""Who may make an account: nobody, the invited, or everybody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.invitations import invite
from accounts.models import Invitation, User

PAGE = "/accounts/signup/"
FORM = {"username": "newcomer", "email": "", "password1": "a long pass phrase", "password2": "a long pass phrase"}


def opened(token: str) -> Client:
    """Return a browser that has opened the invitation's link."""
    browser = Client()
    browser.get(f"/accounts/invitation/{token}/")
    return browser


@pytest.fixture
def invited_only(settings: Settings) -> None:
    settings.SMAIL_SIGNUP = "invite"


def test_it_works(staff: User, invited_only: None) -> None:
    invitation, token = invite(made_by=staff)
    response = opened(token).post(PAGE, FORM)
    assert (response.status_code, response.url) == (302, "/")
    invitation.refresh_from_db()
    assert invitation.used_by == User.objects.get(username="newcomer")
    assert invitation.state() == "used"


def test_an_open_server_takes_everybody(client: Client, owner: User, settings: Settings) -> None:
    settings.SMAIL_SIGNUP = "open"
    assert client.post(PAGE, FORM).status_code == 302
    newcomer = User.objects.get(username="newcomer")
    assert not newcomer.is_staff and not newcomer.is_superuser


def test_it_rejects_everybody_when_closed(client: Client, owner: User) -> None:
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, FORM).status_code == 403
    assert not User.objects.filter(username="newcomer").exists()


def test_it_rejects_an_invitation_when_closed(staff: User) -> None:
    _, token = invite(made_by=staff)
    browser = opened(token)
    assert browser.get(f"/accounts/invitation/{token}/").status_code == 404
    assert browser.post(PAGE, FORM).status_code == 403


def test_it_rejects_those_without_an_invitation(client: Client, staff: User, invited_only: None) -> None:
    assert client.post(PAGE, FORM).status_code == 403
    assert not User.objects.filter(username="newcomer").exists()


def test_it_rejects_a_wrong_link(client: Client, staff: User, invited_only: None) -> None:
    invite(made_by=staff)
    assert client.get("/accounts/invitation/" + "x" * 43 + "/").status_code == 404
    assert client.post(PAGE, FORM).status_code == 403


def test_it_rejects_an_expired_invitation(staff: User, invited_only: None) -> None:
    _, token = invite(made_by=staff, expires_at=timezone.now() - timedelta(seconds=1))
    assert opened(token).post(PAGE, FORM).status_code == 403


def test_it_rejects_an_invitation_that_expired_after_it_was_opened(staff: User, invited_only: None) -> None:
    invitation, token = invite(made_by=staff)
    browser = opened(token)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now())
    assert browser.post(PAGE, FORM).status_code == 403


def test_it_rejects_a_used_invitation(staff: User, invited_only: None) -> None:
    _, token = invite(made_by=staff)
    opened(token).post(PAGE, FORM)
    late = opened(token)
    assert late.get(f"/accounts/invitation/{token}/").status_code == 404
    assert late.post(PAGE, {**FORM, "username": "late"}).status_code == 403
    assert not User.objects.filter(username="late").exists()


def test_it_rejects_a_foreign_address(staff: User, invited_only: None) -> None:
    _, token = invite(made_by=staff, email="friend@example.org")
    browser = opened(token)
    for email in ("stranger@example.org", ""):
        assert browser.post(PAGE, {**FORM, "email": email}).status_code == 200
    assert not User.objects.filter(username="newcomer").exists()
    assert browser.post(PAGE, {**FORM, "email": "Friend@example.org"}).status_code == 302


def test_it_rejects_a_name_that_is_taken_and_keeps_the_invitation(staff: User, invited_only: None) -> None:
    invitation, token = invite(made_by=staff)
    assert opened(token).post(PAGE, {**FORM, "username": "STAFF"}).status_code == 200
    invitation.refresh_from_db()
    assert invitation.state() == "open"


def test_opening_the_link_uses_nothing_up(staff: User, invited_only: None) -> None:
    invitation, token = invite(made_by=staff)
    opened(token), opened(token)
    invitation.refresh_from_db()
    assert invitation.state() == "open"


def test_the_token_is_not_stored(staff: User) -> None:
    invitation, token = invite(made_by=staff)
    assert token not in str(Invitation.objects.filter(pk=invitation.pk).values().get())


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_account(staff: User, invited_only: None) -> None:
    _, token = invite(made_by=staff)
    browsers = {"one": opened(token), "two": opened(token)}
    together = Barrier(2, timeout=20)

    def sign_up(name: str) -> str:
        try:
            together.wait()
            return str(browsers[name].post(PAGE, {**FORM, "username": name}, headers={"x": name}).url)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(sign_up, browsers))
    assert sorted(answers) == ["/", PAGE]
    assert User.objects.filter(username__in=browsers).count() == 1
