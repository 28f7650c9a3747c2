"""The tree of errors: a code each, documented, and safe to show."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from chat import errors
from chat.errors import QueueFull, RateLimited, SmailError, is_retryable


def tree(root: type[SmailError]) -> list[type[SmailError]]:
    return [root, *(error for child in root.__subclasses__() for error in tree(child))]


OURS = [error for error in tree(SmailError) if error.__module__ == errors.__name__]
GROUPS = {"SmailError", "ActionError", "ProviderError"}
LEAVES = [error for error in OURS if error.__name__ not in GROUPS]


def made(error: type[SmailError]) -> SmailError:
    return error(retry_after=3) if issubclass(error, RateLimited) else error()


def test_codes_are_unique() -> None:
    codes = Counter(error.code for error in LEAVES)
    assert [code for code, count in codes.items() if count > 1] == []
    assert all("code" in vars(error) for error in LEAVES)


def test_codes_fit_their_column() -> None:
    assert all(re.fullmatch(r"[a-z_]{1,40}", error.code) for error in OURS)


def test_the_docstring_shows_every_class_under_its_parent() -> None:
    parents: list[str] = []
    shown: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│ ├└─]*)(\w+)(?:\s|$)", line)
        if found and found[2] in {error.__name__ for error in OURS}:
            depth = len(found[1]) // 4
            shown[found[2]] = parents[depth - 1] if depth else ""
            parents[depth:] = [found[2]]
    expected = {error.__name__: error.__base__.__name__ for error in OURS if error is not SmailError}  # type: ignore[union-attr]
    assert shown == expected | {"SmailError": ""}


@pytest.mark.parametrize("error", LEAVES, ids=lambda error: error.__name__)
def test_each_says_a_sentence_without_internals(error: type[SmailError]) -> None:
    text = str(made(error))
    assert re.fullmatch(r"[A-Z].*[.?]", text) and not re.search(r"[/\\<>{}]|://|Traceback", text)


@pytest.mark.parametrize("error", LEAVES, ids=lambda error: error.__name__)
def test_a_code_tells_whether_to_try_again(error: type[SmailError]) -> None:
    assert is_retryable(error.code) is error.retryable


@pytest.mark.parametrize("code", ["", "never heard of", "internal"])
def test_an_unknown_code_is_not_retried(code: str) -> None:
    assert is_retryable(code) is False


@pytest.mark.parametrize("error", LEAVES, ids=lambda error: error.__name__)
def test_each_has_an_error_status(error: type[SmailError]) -> None:
    assert 400 <= error.http_status < 600


@pytest.mark.parametrize("seconds", [-5, 0, 1])
def test_waiting_takes_at_least_a_second(seconds: int) -> None:
    assert RateLimited(retry_after=seconds).retry_after == QueueFull(retry_after=seconds).retry_after == 1


def test_a_text_of_its_own_is_shown() -> None:
    assert str(errors.ModelFailed("The model broke.")) == "The model broke."
