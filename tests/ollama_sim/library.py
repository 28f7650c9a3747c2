"""Everything but answers: what the server has, pulls, copies, deletes, embeds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.ollama_sim import catalogue
from tests.ollama_sim.catalogue import SimModel, canonical
from tests.ollama_sim.encode import go_json
from tests.ollama_sim.script import Refusal, refuse
from tests.ollama_sim.wire import Connection, Request

if TYPE_CHECKING:
    from tests.ollama_sim.server import OllamaSim

LAYER = "sha256:6a0746a1ec1a" + "0" * 52
LAYER_BYTES = 4_661_211_808
PULL_STEPS = (0, 241_970, LAYER_BYTES // 2, LAYER_BYTES)


async def serve(sim: OllamaSim, connection: Connection, request: Request) -> None:
    """Answer any other path, 404 and 405 with the router's plain text."""
    methods = ROUTES.get(request.path)
    if methods is None:
        await connection.answer(Refusal(404, b"404 page not found", "text/plain"))
        return
    handler = methods.get(request.method)
    if handler is None:
        status = sim.profile.wrong_method_status
        text = b"405 method not allowed" if status == 405 else b"404 page not found"
        await connection.answer(Refusal(status, text, "text/plain"))
        return
    await handler(sim, connection, request)


async def _root(sim: OllamaSim, connection: Connection, request: Request) -> None:
    body = b"" if request.method == "HEAD" else b"Ollama is running"
    await connection.answer(Refusal(200, body, "text/plain; charset=utf-8"))


async def _version(sim: OllamaSim, connection: Connection, request: Request) -> None:
    await _json(connection, {"version": sim.profile.version})


async def _status(sim: OllamaSim, connection: Connection, request: Request) -> None:
    await _json(connection, {"cloud": {"disabled": False, "source": "none"}})


async def _tags(sim: OllamaSim, connection: Connection, request: Request) -> None:
    told = sim.profile.tags_tell_abilities
    entries = [catalogue.tag(model, told=told, modified_ns=sim.now_ns()) for model in sim.models.values()]
    await _json(connection, {"models": entries})


async def _show(sim: OllamaSim, connection: Connection, request: Request) -> None:
    model = await _model(sim, connection, request)
    if model is not None:
        told = sim.profile.show_tells_abilities
        await _json(connection, catalogue.show(model, told=told, modified_ns=sim.now_ns()))


async def _ps(sim: OllamaSim, connection: Connection, request: Request) -> None:
    entries = [catalogue.running(loaded) for loaded in sim.memory.running()]
    if not sim.profile.ps_tells_context:
        for entry in entries:
            del entry["context_length"]
    await _json(connection, {"models": entries})


async def _pull(sim: OllamaSim, connection: Connection, request: Request) -> None:
    """Pull one layer in four parts; who comes again after leaving goes on where it was."""
    name = canonical(_name(request))
    if name.startswith("nope"):
        problem = {"error": "pull model manifest: file does not exist"}
        await _progress(connection, request, [{"status": "pulling manifest"}, problem])
        return
    layer = {"status": f"pulling {LAYER[7:19]}", "digest": LAYER, "total": LAYER_BYTES}
    done = [part for part in PULL_STEPS if part >= sim.pulled.get(name, 0)]
    lines: list[dict[str, Any]] = [{"status": "pulling manifest"}]
    lines += [{**layer, "completed": part} if part else layer for part in done]
    lines += [{"status": "verifying sha256 digest"}, {"status": "writing manifest"}, {"status": "success"}]

    async def before(line: Mapping[str, Any]) -> None:
        if "total" in line:
            sim.pulled[name] = line.get("completed", 0)
            if sim.pulled[name] == PULL_STEPS[2]:
                await sim.pass_gate("pull", only_if_made=True)

    await _progress(connection, request, lines, before)
    sim.models = {name: SimModel(name), **sim.models}


async def _create(sim: OllamaSim, connection: Connection, request: Request) -> None:
    source = sim.find(str(request.json.get("from", "")))
    if source is None:
        await connection.answer(refuse(404, f"model '{request.json.get('from', '')}' not found"))
        return
    lines = [{"status": f"using existing layer {LAYER}"}, {"status": "writing manifest"}, {"status": "success"}]
    await _progress(connection, request, lines)
    name = canonical(_name(request))
    sim.models = {name: replace(source, name=name), **sim.models}


async def _copy(sim: OllamaSim, connection: Connection, request: Request) -> None:
    source = sim.find(str(request.json.get("source", "")))
    if source is None:
        await connection.answer(refuse(404, f"model '{request.json.get('source')}' not found"))
        return
    name = canonical(str(request.json.get("destination", "")))
    sim.models = {name: replace(source, name=name), **sim.models}
    await connection.answer(Refusal(200, b""))


async def _delete(sim: OllamaSim, connection: Connection, request: Request) -> None:
    model = await _model(sim, connection, request)
    if model is not None:
        sim.memory.unload(model)
        sim.models = {name: other for name, other in sim.models.items() if other is not model}
        await connection.answer(Refusal(200, b""))


async def _embed(sim: OllamaSim, connection: Connection, request: Request) -> None:
    model = await _model(sim, connection, request)
    if model is None:
        return
    texts = request.json.get("input", [])
    texts = [texts] if isinstance(texts, str) else texts
    vectors = [[0.1, len(text) / 1000] for text in texts]
    said = {
        "model": _name(request),
        "embeddings": vectors,
        "total_duration": 1,
        "load_duration": 1,
        "prompt_eval_count": 2,
    }
    await _json(connection, said)


async def _model(sim: OllamaSim, connection: Connection, request: Request) -> SimModel | None:
    model = sim.find(_name(request))
    if model is None:
        shown = canonical(_name(request)) if request.path == "/api/show" else _name(request)
        await connection.answer(refuse(404, f"model '{shown}' not found"))
    return model


async def _progress(
    connection: Connection,
    request: Request,
    lines: list[dict[str, Any]],
    before: Callable[[Mapping[str, Any]], Awaitable[None]] | None = None,
) -> None:
    """Send progress lines, or only the last of them, with status 500 if it is an error."""
    if request.json.get("stream") is False:
        status = 500 if "error" in lines[-1] else 200
        await connection.answer(Refusal(status, go_json(lines[-1]).encode(), "application/json"))
        return
    await connection.open_stream("application/x-ndjson")
    for line in lines:
        if before is not None:
            await before(line)
        await connection.chunk((go_json(line) + "\n").encode())
        await asyncio.sleep(0)
    await connection.end_stream()


async def _json(connection: Connection, said: Mapping[str, Any]) -> None:
    await connection.answer(Refusal(200, go_json(said).encode()))


def _name(request: Request) -> str:
    return str(request.json.get("model") or request.json.get("name") or "")


Handler = Callable[["OllamaSim", Connection, Request], Awaitable[None]]
ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/": {"GET": _root, "HEAD": _root},
    "/api/version": {"GET": _version, "HEAD": _version},
    "/api/status": {"GET": _status},
    "/api/tags": {"GET": _tags, "HEAD": _tags},
    "/api/show": {"POST": _show},
    "/api/ps": {"GET": _ps},
    "/api/pull": {"POST": _pull},
    "/api/create": {"POST": _create},
    "/api/copy": {"POST": _copy},
    "/api/delete": {"DELETE": _delete},
    "/api/embed": {"POST": _embed},
    "/api/chat": {},
    "/api/generate": {},
}
