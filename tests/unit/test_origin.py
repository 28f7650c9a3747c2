"""Which origins may open a socket: this host and port, or one the operator named. Nothing that looks like it."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from chat.transports.origin import allowed

HOST = "chat.example.org:8000"


@pytest.fixture(autouse=True)
def hosts(settings: Settings) -> Settings:
    settings.ALLOWED_HOSTS = ["chat.example.org", "127.0.0.1"]
    settings.CSRF_TRUSTED_ORIGINS = []
    settings.HTTPS = False
    return settings


@pytest.mark.parametrize("origin", [f"http://{HOST}", f"https://{HOST}"])
def test_it_works(origin: str) -> None:
    assert allowed(origin, HOST)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://evil.example",
        "http://chat.example.org",
        "http://chat.example.org:31337",
        "http://chat.example.org:80000",
        "http://sub.chat.example.org:8000",
        "http://chat.example.org.evil.example:8000",
        "http://evil.example/chat.example.org:8000",
        "http://chat.example.org:8000@evil.example",
        "http://user@chat.example.org:8000",
        "http://chat.example.org:8000/",
        "http://chat.example.org:8000/path",
        "ftp://chat.example.org:8000",
        "file://",
        "chrome-extension://chat.example.org:8000",
        "//chat.example.org:8000",
        "chat.example.org:8000",
        "HTTP://CHAT.EXAMPLE.ORG:8000",
        "http://[::1",
        "http://chat.example.org:8000\r\n",
        "http://127.0.0.1:8000",
        "http://localhost:8000",
        "*",
    ],
)
def test_it_rejects_every_other_origin(origin: str) -> None:
    assert not allowed(origin, HOST)


def test_it_requires_a_host() -> None:
    assert not allowed("http://", "")
    assert not allowed(f"http://{HOST}", "")


def test_it_rejects_a_host_that_is_not_ours() -> None:
    assert not allowed("http://rebound.example:8000", "rebound.example:8000")


def test_any_host_where_the_operator_says_so(hosts: Settings) -> None:
    hosts.ALLOWED_HOSTS = ["*"]
    assert allowed("http://any.example", "any.example")
    assert not allowed("http://evil.example", "any.example")


def test_an_origin_that_the_operator_trusts(hosts: Settings) -> None:
    hosts.CSRF_TRUSTED_ORIGINS = ["https://chat.example.com"]
    assert allowed("https://chat.example.com", "internal:9000")
    assert not allowed("http://chat.example.com", "internal:9000")


def test_where_pages_come_by_https_it_rejects_http(hosts: Settings) -> None:
    hosts.HTTPS = True
    assert allowed(f"https://{HOST}", HOST) and not allowed(f"http://{HOST}", HOST)
