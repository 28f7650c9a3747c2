"""The way of one chat request: check, load, wait for a place, play."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.ollama_sim import plan
from tests.ollama_sim.catalogue import SimModel
from tests.ollama_sim.encode import go_json, go_time
from tests.ollama_sim.memory import QueueFull
from tests.ollama_sim.play import Player
from tests.ollama_sim.script import Item, Refusal, refuse
from tests.ollama_sim.validate import keep_alive_s, refusal_of_abilities, refusal_of_body
from tests.ollama_sim.wire import Connection, Request

if TYPE_CHECKING:
    from tests.ollama_sim.server import OllamaSim

BUSY = "server busy, please try again.  maximum pending requests exceeded"


async def answer(sim: OllamaSim, connection: Connection, request: Request) -> None:
    body = request.json
    item = sim.scripted(request)
    if item is None and (refusal := refusal_of_body(request)):
        item = refusal
    if isinstance(item, Refusal):
        await connection.answer(item)
        return
    model = sim.find(str(body.get("model", "")))
    if model is None:
        await connection.answer(refuse(404, f"model '{body.get('model')}' not found"))
        return
    if item is None and (refusal := refusal_of_abilities(body, model)):
        await connection.answer(refusal)
    elif not (body.get("messages") or body.get("prompt")):
        await _load_or_unload(sim, connection, body, model)
    else:
        await _take_turn(sim, connection, request, model, item or plan.default_item(sim, body, model))


async def _load_or_unload(sim: OllamaSim, connection: Connection, body: Mapping[str, Any], model: SimModel) -> None:
    unloads = body.get("keep_alive") is not None and keep_alive_s(body["keep_alive"]) == 0
    if unloads:
        sim.memory.unload(model)
    else:
        sim.memory.keep(await sim.memory.load(model, body), body)
    said = {
        "model": body["model"],
        "created_at": go_time(sim.now_ns()),
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "unload" if unloads else "load",
    }
    await connection.answer(Refusal(200, go_json(said).encode()))


async def _take_turn(sim: OllamaSim, connection: Connection, request: Request, model: SimModel, item: Item) -> None:
    """Load, wait for a place, play: as long as nothing is played, the client sees no byte."""
    player = Player(sim, connection, request.json, wants_generate=request.path == "/api/generate")
    sim.waiting += 1
    try:
        loaded = await sim.memory.load(model, request.json)
        slots = sim.memory.slots(model)
        await slots.take()
    except QueueFull:
        await connection.answer(refuse(503, BUSY))
        return
    finally:
        sim.waiting -= 1
    try:
        player.prompt_tokens = plan.prompt_tokens(request.json)
        if (refusal := _overflow(sim, player, loaded.num_ctx, request.json)) is not None:
            item = refusal
        sim.started += 1
        sim.notify()
        await sim.play(connection, request, item, player)
        sim.finished += 1
    finally:
        # Ollama's issue 17131: a client that leaves while a token waits for it keeps its place for ever.
        if not (sim.stuck_slot_bug and connection.gone and connection.was_backed_up):
            slots.give()
        sim.memory.keep(loaded, request.json)


def _overflow(sim: OllamaSim, player: Player, num_ctx: int, body: Mapping[str, Any]) -> Refusal | None:
    if player.prompt_tokens <= num_ctx:
        return None
    if sim.overflow == "truncate" and body.get("truncate", True):
        player.prompt_tokens = num_ctx // 2 + 2
        return None
    tokens = player.prompt_tokens
    message = f"request ({tokens} tokens) exceeds the available context size ({num_ctx} tokens), try increasing it"
    inner = {
        "code": 400,
        "message": message,
        "type": "exceed_context_size_error",
        "n_prompt_tokens": tokens,
        "n_ctx": num_ctx,
    }
    return refuse(400, go_json({"error": inner}))
