"""Signing in, passkeys and admin in a real browser, which is the judge of the content security policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import Tab
from tests.e2e.server import PASSWORD, ServerProcess

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
ACCOUNT_PAGES = ["", "email/", "password/change/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/add/", "sessions/"]
ADMIN_PAGES = [
    "",
    "accounts/user/",
    "accounts/user/add/",
    "accounts/invitation/add/",
    "chat/chatsession/",
    "chat/generation/",
    "chat/message/",
]


@pytest.fixture
def tab(server: ServerProcess, chromium: Browser) -> Iterator[Tab]:
    # By name, not by number: a bare address cannot own passkeys.
    with chromium.new_context() as context:
        context.set_default_timeout(15_000)
        tab = Tab(context.new_page(), f"http://localhost:{server.port}")
        yield tab
        assert tab.problems == []


def sign_in(tab: Tab) -> None:
    tab.open("/accounts/login/")
    tab.page.get_by_label("Username or email").fill("pat")
    tab.page.get_by_label("Password").fill(PASSWORD)
    tab.page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(tab: Tab) -> None:
    tab.open("/accounts/").page.get_by_role("button", name="Sign out").click()
    tab.page.wait_for_url("**/accounts/login/**")


def confirm(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def findings(tab: Tab, axe: Path) -> list[str]:
    """Name the rules of axe-core that the page breaks."""
    tab.page.evaluate(axe.read_text())
    return [found["id"] for found in tab.page.evaluate("axe.run()")["violations"]]


def test_it_works(tab: Tab) -> None:
    sign_in(tab)
    tab.page.wait_for_url("**/chat/")
    tab.open("/accounts/")
    expect(tab.page.get_by_text("Signed in as pat")).to_be_visible()


def test_no_account_page_breaks_the_policy(tab: Tab) -> None:
    sign_in(tab)
    tab.page.wait_for_url("**/chat/")
    tab.open("/accounts/2fa/webauthn/add/")
    confirm(tab.page)
    for path in ACCOUNT_PAGES:
        tab.open(f"/accounts/{path}")
        assert tab.violations() == [], path


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe(tab: Tab, axe: Path, colours: Literal["light", "dark"]) -> None:
    tab.page.emulate_media(color_scheme=colours, reduced_motion="reduce")
    for path in ("login/", "password/reset/"):
        assert findings(tab.open(f"/accounts/{path}"), axe) == [], path
    sign_in(tab)
    tab.page.wait_for_url("**/chat/")
    assert findings(tab.open("/accounts/2fa/totp/activate/"), axe) == []
    confirm(tab.page)
    for path in ACCOUNT_PAGES:
        assert findings(tab.open(f"/accounts/{path}"), axe) == [], path


def test_no_admin_page_breaks_the_policy(tab: Tab) -> None:
    sign_in(tab)
    tab.page.wait_for_url("**/chat/")
    for path in ADMIN_PAGES:
        tab.open(f"/admin/{path}")
        expect(tab.page.locator("#content")).to_be_visible()
        assert tab.violations() == [], path


def test_a_passkey_signs_in_alone_and_as_second_factor(tab: Tab) -> None:
    page = tab.page
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    sign_in(tab)
    page.wait_for_url("**/chat/")
    tab.open("/accounts/2fa/webauthn/add/")
    confirm(page)
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/2fa/recovery-codes/")
    sign_out(tab)

    sign_in(tab)
    page.get_by_role("button", name="Use a passkey or security key").click()
    page.wait_for_url("**/chat/")
    sign_out(tab)

    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/chat/")
    tab.open("/accounts/2fa/webauthn/")
    page.get_by_role("link", name="Remove").click()
    confirm(page)
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_passkeys_are_not_offered_where_they_cannot_work(tab: Tab, server: ServerProcess) -> None:
    tab.page.goto(f"http://127.0.0.1:{server.port}/accounts/login/")
    expect(tab.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(tab.page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
