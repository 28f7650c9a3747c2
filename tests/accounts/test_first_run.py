"""The first administrator: by the console's link, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.first_run import LinkRefused, first_run_url, make_first_administrator
from accounts.models import FirstRun, User

BASE = "http://testserver"
FORM = {"username": "admin", "email": "", "password1": "a long pass phrase", "password2": "a long pass phrase"}


def link() -> str:
    url = first_run_url(BASE)
    assert url is not None
    return url.removeprefix(BASE)


def test_it_works(client: Client, db: None) -> None:
    page = link()
    assert client.get(page).status_code == 200
    response = client.post(page, FORM)
    assert (response.status_code, response.url) == (302, "/")
    admin = User.objects.get()
    assert admin.is_superuser and admin.is_staff and admin.check_password("a long pass phrase")
    assert client.get("/accounts/").context["user"] == admin


def test_the_link_is_the_same_after_a_restart(db: None) -> None:
    assert link() == link()
    assert FirstRun.objects.count() == 1


def test_the_database_alone_does_not_give_the_link(db: None, settings: Settings) -> None:
    before = link()
    assert FirstRun.objects.get().nonce not in before
    settings.SECRET_KEY = "another key"
    assert link() != before


def test_there_is_no_link_once_a_user_exists(owner: User) -> None:
    assert first_run_url(BASE) is None


def test_it_rejects_a_wrong_link(client: Client, db: None) -> None:
    link()
    wrong = "/accounts/first-run/" + "x" * 43 + "/"
    assert client.get(wrong).status_code == 404
    assert client.post(wrong, FORM).status_code == 404
    assert not User.objects.exists()


def test_it_rejects_any_link_when_none_was_made(client: Client, db: None) -> None:
    assert client.post("/accounts/first-run/x/", FORM).status_code == 404


def test_it_rejects_a_used_link(client: Client, db: None) -> None:
    page = link()
    client.post(page, FORM)
    assert Client().get(page).status_code == 404
    assert Client().post(page, {**FORM, "username": "second"}).status_code == 404
    assert User.objects.count() == 1


def test_a_used_link_stays_dead_when_all_users_are_gone(client: Client, db: None) -> None:
    page = link()
    client.post(page, FORM)
    User.objects.all().delete()
    assert Client().get(page).status_code == 404
    assert link() != page


def test_it_rejects_the_link_when_a_user_was_made_meanwhile(client: Client, db: None) -> None:
    page = link()
    User.objects.create_user("somebody")
    assert client.post(page, FORM).status_code == 404
    assert not User.objects.filter(is_superuser=True).exists()


def test_it_rejects_a_weak_password_and_keeps_the_link(client: Client, db: None) -> None:
    page = link()
    response = client.post(page, {**FORM, "password1": "password", "password2": "password"})
    assert response.status_code == 200
    assert not User.objects.exists()
    assert client.get(page).status_code == 200


def test_nobody_signs_up_before_the_first_administrator(client: Client, db: None, settings: Settings) -> None:
    settings.SMAIL_SIGNUP = "open"
    assert client.get("/accounts/signup/").status_code == 403
    assert client.post("/accounts/signup/", FORM).status_code == 403
    assert not User.objects.exists()


def test_the_sign_in_page_says_where_the_link_is(client: Client, db: None) -> None:
    page = client.get("/accounts/login/")
    assert "one-time link" in page.content.decode()
    assert link() not in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_administrator() -> None:
    token = link().rstrip("/").rsplit("/", 1)[1]
    together = Barrier(2, timeout=20)

    def make(name: str) -> bool:
        try:
            together.wait()
            make_first_administrator(token=token, username=name, email="", password="a long pass phrase")
        except LinkRefused:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(make, ["one", "two"]))
    assert sorted(made) == [False, True]
    assert User.objects.filter(is_superuser=True).count() == 1
