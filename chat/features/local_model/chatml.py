"""Chat messages as the text that SmolLM2 was trained on (ChatML). Pure.

An assistant message at the end stays open, so the model goes on from it and replies with the new text only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# Tried at temperature 0: with "Answer in English." alone Paris, 4 and Shakespeare come out right and lists are lists;
# without a system message the model drifts into French nonsense, "one short sentence" makes it run on in lists.
DEFAULT_SYSTEM = "You are a helpful assistant. Answer in English."

START, END = "<|im_start|>", "<|im_end|>"


class Turn(NamedTuple):
    role: str
    content: str


def render(turns: Sequence[Turn]) -> str:
    """Return the prompt; a system message of our own is added only where the first one is not a system message."""
    if not turns or turns[0].role != "system":
        turns = [Turn("system", DEFAULT_SYSTEM), *turns]
    *before, last = turns
    text = "".join(_closed(turn) for turn in before)
    if last.role == "assistant":
        return f"{text}{START}assistant\n{_plain(last.content)}"
    return f"{text}{_closed(last)}{START}assistant\n"


def _closed(turn: Turn) -> str:
    role = "user" if turn.role == "tool" else turn.role
    return f"{START}{_plain(role)}\n{_plain(turn.content)}{END}\n"


def _plain(text: str) -> str:
    # Markers inside a message would let its writer open turns of another role.
    return text.replace(START, "").replace(END, "")
