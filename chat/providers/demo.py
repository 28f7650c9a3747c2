"""How the small demo model is recognised, by the server that serves it and by the pages that warn about it.

The server behind `manage.py serve_model` names `DEMO_VERSION` at `/api/version`; no Ollama release has such a name.
"""

from __future__ import annotations

DEMO_MODEL = "smollm2:135m"
DEMO_VERSION = "0.0.0-smail-demo"


def is_demo(version: str) -> bool:
    """True for the version that the demo server reports, of this release or a later one."""
    return version.startswith(DEMO_VERSION)
