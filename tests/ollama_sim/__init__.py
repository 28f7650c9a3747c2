"""A simulated Ollama over real HTTP, for tests, benches and demonstrations of faults.

In a test (async):

    async def test_it(ollama):                                # fixture, one server for each test, on a free port
        ollama.script(reply("Hel", "lo"))                     # answers the next /api/chat; more items = more requests
        ... provider_for(ollama.url) ...
        await ollama.wait_for(lambda sim: sim.finished == 1)  # never sleep

Nothing scripted: a plausible Markdown answer made from the last user message (always the same for the same message;
a trailing assistant message that is its beginning is continued). `repeat: TEXT` as user message is answered by TEXT,
`call: NAME {"json": 1}` by a tool call where tools are offered.

Steps of `reply(...)` (a str is a line of content): `Text` one line, `Words` a text token by token, `Raw` any bytes,
`Pause` seconds, `Wait` until `ollama.open("name")`, `Head` headers without a line, `Finish` the done line,
`Problem` an error line, and the faults `CleanEnd` (no done), `Cut` (FIN or RST), `Hang` (until the client leaves).
Without an end among the steps, `Finish()` is added. Headers go out with the first line, so what stands before it
happens before the headers. `refuse(status, "text")` answers with an error status; `page(status, html)` with a page.
`Framing` cuts the body: bytes or lines to a chunk, through the middle of characters.
`ollama.script(item, when=lambda request: ...)` keeps an item for the request that fits; `path=` for another path.

To look at: `requests` (all, with raw bodies), `started` `finished` `cancelled` `waiting` `tokens`
`tokens_after_disconnect` `open_connections`. Knobs, to be set at any time: `tokens_per_s` (0: no delay) `jitter`
`load_s` `slots` (per model, 1 as Ollama's default: further requests wait in silence) `queue_limit` `prefill`
`overflow` `framing` `profile` (`OLD_SERVER`: no capabilities told) `stuck_slot_bug` `api_key` `models`.
The other fixture is `ollama_thread` (an `OllamaSimThread` for synchronous and browser tests: same
names, thread-safe, `wait_for` blocks). As a process: `python -m tests.ollama_sim --port 0 --tokens-per-s 30`.
"""

from __future__ import annotations

from tests.ollama_sim.catalogue import SimModel
from tests.ollama_sim.script import (
    CleanEnd,
    Cut,
    Finish,
    Framing,
    Hang,
    Head,
    Pause,
    Problem,
    Raw,
    Refusal,
    Reply,
    Text,
    Wait,
    Words,
    page,
    refuse,
    reply,
)
from tests.ollama_sim.server import CURRENT_SERVER, OLD_SERVER, OllamaSim, Profile
from tests.ollama_sim.thread import OllamaSimThread

__all__ = [
    "CURRENT_SERVER",
    "OLD_SERVER",
    "CleanEnd",
    "Cut",
    "Finish",
    "Framing",
    "Hang",
    "Head",
    "OllamaSim",
    "OllamaSimThread",
    "Pause",
    "Problem",
    "Profile",
    "Raw",
    "Refusal",
    "Reply",
    "SimModel",
    "Text",
    "Wait",
    "Words",
    "page",
    "refuse",
    "reply",
]
