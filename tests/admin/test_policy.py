"""Admin under the strict content security policy: no page has a script or a style inside."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.invitations import invite
from accounts.models import User
from tests.admin.conftest import chat, events

PAGES = [
    "", "chat/", "accounts/user/", "accounts/user/add/", "accounts/user/{user}/change/", "accounts/invitation/",
    "mfa/authenticator/", "accounts/invitation/add/", "chat/chatsession/", "chat/chatsession/{session}/change/",
    "chat/chatsession/{session}/delete/", "chat/chatsession/{session}/history/", "chat/message/",
    "chat/message/{message}/change/", "chat/generation/", "chat/generation/{generation}/change/", "auth/group/add/",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_it_works(admin: Client, owner: User, staff: User, path: str) -> None:
    generation = chat(owner)
    events(generation, 1)
    invite(made_by=staff)
    ids = {"user": owner.pk, "session": generation.chat_session_id, "message": generation.message_id}
    response = admin.get("/admin/" + path.format(**ids, generation=generation.pk))
    html = response.content.decode()
    assert response.status_code == 200
    scripts = re.findall(r"<script\b[^>]*>", html)
    assert all(" src=" in tag or 'type="application/json"' in tag for tag in scripts), scripts
    assert "<style" not in html
    assert not re.findall(r"<[^>]*\s(?:style|on[a-z]+)=[^>]*>", html)
