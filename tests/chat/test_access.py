"""The gate: not there, not theirs and deleted are the same to the one who asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from chat.actions import sessions
from chat.actions.send import Sent
from chat.errors import NotFound
from chat.models.ids import new_id
from chat.queries.access import chat_session_of, deleted_chat_session_of, generation_of, message_of
from tests.road import say

pytestmark = pytest.mark.django_db

Gate = Callable[[User, str], object]

GATES: list[tuple[Gate, Callable[[Sent], object]]] = [
    (chat_session_of, lambda sent: sent.chat_session),
    (message_of, lambda sent: sent.answer),
    (message_of, lambda sent: sent.prompt),
    (generation_of, lambda sent: sent.generation),
]
EACH = pytest.mark.parametrize(("gate", "row_of"), GATES, ids=["chat", "answer", "prompt", "generation"])


def refusal(gate: Gate, user: User, public_id: str) -> tuple[type, str, str, int]:
    with pytest.raises(NotFound) as caught:
        gate(user, public_id)
    error = caught.value
    return type(error), error.code, error.text, error.http_status


@EACH
def test_it_works(owner: User, gate: Gate, row_of: Callable[[Sent], object]) -> None:
    row = row_of(say(owner))
    assert gate(owner, row.public_id) == row  # type: ignore[attr-defined]


@EACH
def test_it_rejects_all_others_alike(owner: User, outsider: User, staff: User, gate: Gate, row_of) -> None:  # type: ignore[no-untyped-def]
    sent = say(owner)
    row = row_of(sent)
    absent = refusal(gate, owner, new_id())
    assert refusal(gate, outsider, row.public_id) == absent
    assert refusal(gate, staff, row.public_id) == absent
    sessions.delete(chat_session=sent.chat_session)
    assert refusal(gate, owner, row.public_id) == absent


@pytest.mark.parametrize("gate", [chat_session_of, message_of, generation_of, deleted_chat_session_of])
@pytest.mark.parametrize(
    "public_id",
    ["", "1", "é" * 22, "x" * 23, "x" * 21 + "\x00", "x" * 21 + "\ud800", "x" * 21 + "'", "%" * 22, "x" * 10_000],
)  # fmt: skip
def test_it_rejects_what_is_no_id(owner: User, gate: Gate, public_id: str) -> None:
    assert refusal(gate, owner, public_id)[1] == "not_found"


def test_the_numbers_of_rows_are_no_ids(owner: User) -> None:
    sent = say(owner)
    refusal(chat_session_of, owner, str(sent.chat_session.pk))


def test_only_the_owner_may_look_for_what_was_deleted(owner: User, outsider: User) -> None:
    chat = say(owner).chat_session
    sessions.delete(chat_session=chat)
    assert deleted_chat_session_of(owner, chat.public_id) == chat
    refusal(deleted_chat_session_of, outsider, chat.public_id)
