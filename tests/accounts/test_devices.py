"""The list of signed-in devices."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession

from accounts.devices import device_name
from accounts.models import User
from tests.accounts.conftest import FIREFOX, SignIn

PAGE = "/accounts/sessions/"
CHROME = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36"


def test_it_works(sign_in: SignIn, owner: User) -> None:
    here, there = sign_in(owner), sign_in(owner, CHROME)
    page = here.get(PAGE).content.decode()
    assert "Firefox on Linux" in page and "Chrome on Android" in page
    other = UserSession.objects.get(session_key=there.session.session_key)
    assert here.post(f"/accounts/sessions/{other.pk}/sign-out/").url == PAGE
    assert there.get("/accounts/").status_code == 302
    assert here.get("/accounts/").status_code == 200


def test_it_signs_out_all_others(sign_in: SignIn, owner: User) -> None:
    here, there, elsewhere = sign_in(owner), sign_in(owner), sign_in(owner)
    here.post(PAGE)
    assert [browser.get("/accounts/").status_code for browser in (here, there, elsewhere)] == [200, 302, 302]


def test_it_signs_out_this_device(sign_in: SignIn, owner: User) -> None:
    here = sign_in(owner)
    own = UserSession.objects.get()
    assert here.post(f"/accounts/sessions/{own.pk}/sign-out/").url == "/accounts/login/"
    assert here.get("/accounts/").status_code == 302


def test_it_rejects_a_foreign_device(sign_in: SignIn, owner: User, outsider: User) -> None:
    victim, attacker = sign_in(owner), sign_in(outsider)
    target = UserSession.objects.get(user=owner)
    assert attacker.post(f"/accounts/sessions/{target.pk}/sign-out/").status_code == 404
    assert victim.get("/accounts/").status_code == 200


def test_it_requires_a_post(sign_in: SignIn, owner: User) -> None:
    here = sign_in(owner)
    assert here.get(f"/accounts/sessions/{UserSession.objects.get().pk}/sign-out/").status_code == 405


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Android"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.9", "curl/8.9"),
        ("", "Unknown device"),
    ],
)
def test_devices_have_names(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
