"""The provider for one Ollama server.

`stream` reads as fast as bytes come and ends in exactly one `Done` or raises; whoever closes the generator or
cancels the task that reads it closes the connection at once, which is how Ollama is told to stop. Every wait is
bounded by `chat.conf`. The other methods ask what the server has; details are asked once for each digest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, closing
from typing import Any, cast

import httpx

from chat import errors
from chat.conf import conf
from chat.providers.ollama import decode, models
from chat.providers.ollama.address import base_url
from chat.providers.ollama.errors import from_connection, from_line, from_status, problem_in
from chat.providers.ollama.payload import chat_payload, wants_abilities
from chat.providers.ollama.reading import LineReader, Patience
from chat.providers.ollama.transport import AiohttpTransport
from chat.providers.types import ChatRequest, Delta, Done, LoadedModel, ModelInfo

ERROR_BODY_BYTES = 16 * 1024
# A list of 1,000 models is 0.6 MB; /api/show names each tensor of a model and may be some MB.
INFO_BODY_BYTES = 16 * 1024 * 1024
# Reads of what is in the server's memory or on its disk; it answers them while a model is loading.
INFO_TIMEOUT_S = 20.0
SHOWN_MODELS = 512
# What a model can do changes only when an operator replaces it.
KNOWN_S = 60.0
SHOW_AT_ONCE = 4
# InvalidURL is not one of httpx's HTTPErrors.
FROM_HTTPX = (httpx.HTTPError, httpx.InvalidURL)


class OllamaProvider:
    """Speaks to one server; belongs to the event loop of its first request."""

    label = "ollama"

    def __init__(self, base_url_: str, api_key: str = "", *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._base_url = base_url(base_url_)
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "smail"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._http = httpx.AsyncClient(
            base_url=self._base_url, transport=transport or AiohttpTransport(self._base_url), headers=headers
        )
        self._shown: dict[str, Mapping[str, Any]] = {}
        self._known: list[ModelInfo] = []
        self._known_until = 0.0
        self._asking = asyncio.Lock()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        payload = chat_payload(request, await self._abilities(request))
        with closing(Patience()) as patience:
            async with self._answer(payload, patience) as response, aclosing(_chunks(response)) as chunks:
                reader = LineReader(chunks, patience)
                begun = False
                while (lines := await reader.read()) is not None:
                    for line in lines:
                        for delta in _deltas(line, begun=begun):
                            yield delta
                            if isinstance(delta, Done):
                                return
                            begun = True
        raise errors.StreamInterrupted()

    async def models(self) -> list[ModelInfo]:
        found = models.model_infos(await self._ask("GET", "api/tags"))
        gate = asyncio.Semaphore(SHOW_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._completed(info, gate)) for info in found]
        infos = [task.result() for task in tasks]
        self._known = infos
        self._known_until = asyncio.get_running_loop().time() + KNOWN_S
        return infos

    async def model(self, name: str) -> ModelInfo:
        if found := _named(await self.models(), name):
            return found
        # A name that is not listed may still be served: a cloud model asked for directly.
        return models.with_details(ModelInfo(name=name), await self._ask("POST", "api/show", {"model": name}))

    async def loaded(self) -> list[LoadedModel]:
        return models.loaded_models(await self._ask("GET", "api/ps"))

    async def version(self) -> str:
        return str((await self._ask("GET", "api/version")).get("version", ""))

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _abilities(self, request: ChatRequest) -> ModelInfo:
        """Return what is known of the model, asking only where the request needs it to be known."""
        unknown = ModelInfo(name=request.model)
        if not wants_abilities(request):
            return unknown
        async with self._asking:  # a hundred answers that begin together ask once
            if asyncio.get_running_loop().time() < self._known_until:
                return _named(self._known, request.model) or unknown
            try:
                return await self.model(request.model)
            except (errors.ModelServerError, errors.ModelNotFound):
                return unknown

    @asynccontextmanager
    async def _answer(self, payload: Mapping[str, Any], patience: Patience) -> AsyncIterator[httpx.Response]:
        """Open the stream; the head comes together with the first line, so this waits for the model."""
        post = self._http.build_request("POST", "api/chat", json=payload, timeout=_timeouts())
        try:
            response = await patience.wait(self._http.send(post, stream=True))
        except FROM_HTTPX as error:
            raise from_connection(error, begun=False) from error
        try:
            if response.status_code != 200:
                raise from_status(response.status_code, await patience.wait(_words(response)))
            yield response
        finally:
            await response.aclose()

    async def _completed(self, info: ModelInfo, gate: asyncio.Semaphore) -> ModelInfo:
        """Ask for the details that servers before 0.30 leave out of their list."""
        if info.capabilities is not None and info.trained_context is not None:
            return info
        async with gate:
            try:
                return models.with_details(info, await self._show(info))
            except errors.ProviderError:
                return info  # one broken model must not hide the others

    async def _show(self, info: ModelInfo) -> Mapping[str, Any]:
        key = info.digest or info.name
        if key not in self._shown:
            said = await self._ask("POST", "api/show", {"model": info.name})
            if len(self._shown) >= SHOWN_MODELS:
                self._shown.clear()
            kept = ("details", "model_info", "capabilities", "remote_model", "remote_host")
            self._shown[key] = {name: said[name] for name in kept if name in said}
        return self._shown[key]

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = self._http.build_request(method, path, json=body, timeout=_timeouts())
        try:
            async with asyncio.timeout(INFO_TIMEOUT_S):
                response = await self._http.send(request, stream=True)
                try:
                    content = await _limited(response, INFO_BODY_BYTES)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise errors.ModelServerUnreachable("The model server does not answer.") from error
        except FROM_HTTPX as error:
            raise from_connection(error, begun=False) from error
        if response.status_code != 200:
            raise from_status(response.status_code, content)
        return _info(content)


def _named(infos: list[ModelInfo], name: str) -> ModelInfo | None:
    return next((info for info in infos if models.same_model(info.name, name)), None)


def _chunks(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    # httpx calls it an iterator, but it is a generator and has to be closed like one.
    return cast(AsyncGenerator[bytes, None], response.aiter_bytes())


def _deltas(line: bytes, *, begun: bool) -> list[Delta]:
    said = decode.json_object(line)
    if said.get("error"):
        raise from_line(said, begun=begun)
    return decode.deltas_of(said)


async def _words(response: httpx.Response) -> bytes:
    """Read what an error says; its status is enough where the words do not come."""
    try:
        return await _limited(response, ERROR_BODY_BYTES)
    except httpx.HTTPError:
        return b""


async def _limited(response: httpx.Response, limit: int) -> bytes:
    """Read at most `limit` bytes: what stands in for a broken server may send for ever."""
    content = b""
    async for data in response.aiter_bytes():
        content += data
        if len(content) >= limit:
            break
    return content[:limit]


def _info(content: bytes) -> dict[str, Any]:
    try:
        said = decode.json_object(content)
    except errors.StreamGarbled as error:
        raise errors.ModelServerError("What answers at the model server's address is not Ollama.") from error
    if said.get("error"):
        raise from_status(500, problem_in(content).encode())
    return said


def _timeouts() -> httpx.Timeout:
    return httpx.Timeout(None, connect=conf.connect_timeout_s)
