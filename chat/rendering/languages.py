"""The closed set of names that may follow ``` and become `language-*` on the page.

Pygments' aliases and a few that people write and Pygments lacks. A name outside the set gives plain code without
a label, so that the model can never choose a class of the page.
"""

from __future__ import annotations

import re

from pygments.lexers import get_all_lexers

_PLAIN = {"text", "txt", "plain", "plaintext", "mermaid", "csv", "tsv", "log", "prompt", "math", "svg", "jsonc"}
_NAME = re.compile(r"[a-z0-9+#._-]{1,32}")

LANGUAGES = frozenset(
    {alias for _, aliases, _, _ in get_all_lexers() for alias in aliases if _NAME.fullmatch(alias)} | _PLAIN
)


def language_of(info: str) -> str:
    """Return the language of a fence's info string, or "" if it names none that we know."""
    words = info.split(None, 1)
    name = words[0].lower().strip("{}.") if words else ""
    return name if name in LANGUAGES else ""
