"""The one error of this server: a status and the text that goes to the client."""

from __future__ import annotations


class Refused(Exception):
    """A request that gets `{"error": text}`; `text` is what Ollama says in the same case."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        super().__init__(text)
