"""What the simulated model says when nobody scripted it: a pure function of the request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

TOKEN = re.compile(r"\s*[^\s]{1,5}|\s+")


def tokens(text: str) -> list[str]:
    """Cut a text into pieces of about a token; joined they are the text."""
    return TOKEN.findall(text)


def answer_to(messages: Sequence[Mapping[str, Any]]) -> str:
    asked = next((str(m.get("content", "")) for m in reversed(messages) if m.get("role") == "user"), "")
    if asked.startswith("repeat: "):
        return asked.removeprefix("repeat: ")
    results = [str(m.get("content", "")) for m in messages if m.get("role") == "tool"]
    subject = " ".join(asked.split()[:8]) or "nothing"
    return "".join(_parts(subject, results))


def thinking_about(messages: Sequence[Mapping[str, Any]]) -> str:
    return f"The user has sent {len(messages)} messages. I should answer the last one, in a few short parts."


def call_in(messages: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the tool call that a user message asks for, unless it has been answered already."""
    if not messages or messages[-1].get("role") != "user":
        return None
    found = re.fullmatch(r"call: (\w+)\s*(\{.*\})?", str(messages[-1].get("content", "")).strip(), re.DOTALL)
    if not found:
        return None
    arguments = json.loads(found[2]) if found[2] else {}
    return {"id": "call_k3v9qa7z", "function": {"index": 0, "name": found[1], "arguments": arguments}}


def _parts(subject: str, results: Sequence[str]) -> Iterator[str]:
    yield f"## About “{subject}”\n\n"
    if results:
        yield f"The tool says: {results[-1]}\n\n"
    yield "Here is a **short** answer with the usual parts, *simulated* and always the same.\n\n"
    yield "1. First, a list with `code` in it.\n2. Then a second item, a little longer than the first one.\n"
    yield "   - and one below it\n\n"
    yield '```python\ndef greet(name: str) -> str:\n    return f"Hello, {name} <&> 日本"\n\n\n'
    yield 'print(greet("world"))\n```\n\n'
    yield "### A table\n\n| what | how many |\n| --- | ---: |\n| words | 120 |\n| tables | 1 |\n\n"
    yield "> And a quotation to end with.\n\nThat is all — c’est tout. 👍\n"
