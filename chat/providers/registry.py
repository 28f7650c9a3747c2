"""One provider for each model server and event loop, made once: making a client costs more than using it.

The product has one event loop; tests and synchronous callers come with others. A provider whose loop is closed is
let go of at the next call.
"""

from __future__ import annotations

import asyncio

from chat.providers.ollama.address import base_url
from chat.providers.ollama.client import OllamaProvider

_made: dict[tuple[asyncio.AbstractEventLoop, str], OllamaProvider] = {}


def provider_for(server_url: str) -> OllamaProvider:
    """Return the provider of the running event loop for this server."""
    key = (asyncio.get_running_loop(), base_url(server_url))
    if key not in _made:
        _forget_closed_loops()
        _made[key] = OllamaProvider(server_url)
    return _made[key]


async def aclose_all() -> None:
    """Close what this event loop has opened; for the end of a process."""
    loop = asyncio.get_running_loop()
    for key in [key for key in _made if key[0] is loop]:
        await _made.pop(key).aclose()
    _forget_closed_loops()


def _forget_closed_loops() -> None:
    for key in [key for key in _made if key[0].is_closed()]:
        del _made[key]
