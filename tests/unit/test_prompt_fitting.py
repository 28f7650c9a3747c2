"""Cutting a prompt to the model's window: the oldest goes, the question and the system prompt never."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chat.generation.prompt import CHARS_PER_TOKEN, Prompt, fitted
from chat.providers.types import ChatMessage

SYSTEM = ChatMessage("system", "Be kind.")


def turns(count: int, chars: int = 300) -> list[ChatMessage]:
    return [ChatMessage(role, f"{role} {n} ".ljust(chars, ".")) for n in range(count) for role in ("user", "assistant")]


@st.composite
def prompts(draw: st.DrawFn) -> Prompt:
    messages = [ChatMessage(m.role, m.content * draw(st.integers(0, 6))) for m in turns(draw(st.integers(0, 8)), 60)]
    system = [SYSTEM] if draw(st.booleans()) else []
    prefix = [ChatMessage("assistant", "so far")] if draw(st.booleans()) else []
    return Prompt((*system, *messages, ChatMessage("user", "the question"), *prefix))


def test_it_works() -> None:
    prompt = Prompt((SYSTEM, *turns(10), ChatMessage("user", "And now?")))
    cut = fitted(prompt, 800)
    assert cut.messages[0] == SYSTEM and cut.messages[-1].content == "And now?"
    assert cut.left_out == len(prompt.messages) - len(cut.messages) > 0


def test_an_unknown_window_cuts_nothing() -> None:
    prompt = Prompt(tuple(turns(100)))
    assert fitted(prompt, None) is prompt


@given(prompts(), st.integers(1, 2_000))
def test_it_cuts_only_from_the_oldest_end(prompt: Prompt, window: int) -> None:
    cut = fitted(prompt, window)
    system = [m for m in prompt.messages if m.role == "system"]
    others = [m for m in prompt.messages if m.role != "system"]
    kept = len(cut.messages) - len(system)
    assert list(cut.messages) == system + others[len(others) - kept :]
    assert cut.left_out == len(others) - kept


@given(prompts(), st.integers(1, 2_000))
def test_the_question_stays(prompt: Prompt, window: int) -> None:
    last = max(i for i, m in enumerate(prompt.messages) if m.role == "user")
    assert fitted(prompt, window).messages[-len(prompt.messages[last:]) :] == prompt.messages[last:]


@given(prompts(), st.integers(1, 2_000))
def test_no_answer_stands_without_its_question(prompt: Prompt, window: int) -> None:
    cut = fitted(prompt, window)
    first = next(m for m in cut.messages if m.role != "system")
    assert first.role == "user"


@given(prompts(), st.integers(100, 2_000))
def test_what_is_kept_fits_or_nothing_more_may_go(prompt: Prompt, window: int) -> None:
    cut = fitted(prompt, window)
    chars = sum(len(m.content) for m in cut.messages)
    users = [m for m in cut.messages if m.role == "user"]
    assert chars // CHARS_PER_TOKEN <= window or len(users) == 1


@given(prompts(), st.integers(1, 2_000))
def test_fitting_twice_changes_nothing(prompt: Prompt, window: int) -> None:
    assert fitted(fitted(prompt, window), window) == fitted(prompt, window)
