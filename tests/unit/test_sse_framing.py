"""Server-sent events: whatever is in the data, the reader gets exactly that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.transports.sse import COMMENT, message
from tests.sse_reader import read


def test_it_works() -> None:
    assert message("hi", id_="g.1", event="content") == "event: content\nid: g.1\ndata: hi\n\n"
    assert message("hi") == "data: hi\n\n"


@given(st.text())
def test_the_reader_gets_the_data(data: str) -> None:
    (said,) = read(message(data, id_="g.1"))
    assert said == {"id": "g.1", "data": data.replace("\r\n", "\n").replace("\r", "\n")}


@pytest.mark.parametrize("data", ["a\n\ndata: forged", "a\r\rid: 9", "a\r\nevent: end", "\n", "", "retry: 0"])
def test_data_cannot_become_another_message_or_field(data: str) -> None:
    (said,) = read(message(data, id_="g.1"))
    assert said.keys() == {"id", "data"} and said["id"] == "g.1"


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b", "\n", "\r\n"])
def test_it_rejects_line_breaks_in_fields(bad: str) -> None:
    with pytest.raises(ValueError, match="line breaks"):
        message("x", id_=bad)
    with pytest.raises(ValueError, match="line breaks"):
        message("x", event=bad)


def test_a_comment_is_no_message() -> None:
    assert read(COMMENT + message("x") + COMMENT) == [{"data": "x"}]
