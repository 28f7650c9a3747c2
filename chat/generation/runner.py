"""One claim of one generation, from its first event to its last.

The runner asks the model and has what comes told (`generation/telling`); it never touches the database for text. It
ends in one of four ways: the answer is complete, a person stopped it, it failed, or the claim was lost or handed
back, which leaves the generation to another worker.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from contextlib import aclosing

from django.db import DatabaseError

from chat.conf import conf
from chat.errors import ContextExceeded, ModelNotFound, ProviderError
from chat.events import types as t
from chat.events.fold import Fold
from chat.events.read import fold_log
from chat.generation.commit import LeaseLost, Writer
from chat.generation.continuation import Overlap
from chat.generation.lease import Claim
from chat.generation.prompt import Prompt, fitted, prompt_for
from chat.generation.telling import Ending, Telling, provider_label
from chat.models import Generation
from chat.models.text import storable
from chat.models.work import db_work
from chat.providers.backoff import delay_s
from chat.providers.registry import provider_for
from chat.providers.types import ChatRequest, Done, LoadedModel, ModelInfo, Provider, TextDelta
from chat.queries.models import default_of

logger = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[None, None, None]], asyncio.Task[None]]

ASK_S = 5.0
LOADING_POLL_S = 1.0
UNKNOWN_WINDOW = 8192
INTERNAL_ERROR = "Something went wrong inside SMAIL. The operator's log has the details."


class Runner:
    """Made by the worker for each claim; `stop` and `lose` may be called at any time from its event loop."""

    def __init__(self, claim: Claim, writer: Writer, spawn: Spawn) -> None:
        self.claim = claim
        self._writer = writer
        self._spawn = spawn
        self._scope = asyncio.timeout(None)
        self._entered = False
        self._over: str = ""
        self._telling = Telling(writer)
        self._loading: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """A person wants it to end: leave whatever is waited for, at once."""
        self._leave("stopped")

    def lose(self) -> None:
        """The lease is gone: leave without a word."""
        self._leave("lost")

    def _leave(self, why: str) -> None:
        if self._over:
            return
        self._over = why
        if self._entered:
            self._scope.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> None:
        try:
            async with self._scope:
                self._entered = True
                if self._over:
                    raise TimeoutError
                outcome, last = await self._answer()
        except TimeoutError:
            if not self._over:
                raise
            if self._over == "lost":
                return
            outcome, last = self._telling.stopped()
        except LeaseLost:
            return
        finally:
            self._entered = False
            self._watch_no_more()
        try:
            await self._writer.end(outcome, *last)
        except LeaseLost:
            logger.info("generation %s was taken over before its end", self.claim.id)

    async def _answer(self) -> Ending:
        """Write the answer; return how it ended and the last things to say."""
        try:
            generation, fold = await db_work(_load, self.claim.id)
            return await self._attempts(generation, self._telling.begin(generation, fold))
        except ProviderError as error:
            return self._telling.failed(error.code, error.text, retryable=error.retryable)
        except LeaseLost:
            raise
        except DatabaseError as error:  # the claim runs out, and the next one goes on from what is stored
            logger.warning("generation %s is left to its next claim: %s", self.claim.id, type(error).__name__)
            raise LeaseLost from error
        except Exception:  # the guard of one generation: a defect of ours must not take the worker with it
            logger.exception("generation %s failed", self.claim.id)
            return self._telling.failed(
                "internal", "Something went wrong inside SMAIL. The operator's log has the details."
            )

    async def _model(self, provider: Provider, generation: Generation) -> ModelInfo:
        """Return the model to use; where none was chosen, the default of what the server has."""
        if generation.model:
            return await provider.model(generation.model)
        name = default_of(tuple(model for model in await provider.models() if model.can("completion")))
        if not name:
            raise ModelNotFound("The model server has no model yet. An operator has to install one.")
        return await provider.model(name)

    async def _note(self, generation: Generation, info: ModelInfo) -> None:
        if not generation.model:
            generation.model = info.name
            self._telling.started(generation)
        row = Generation.objects.filter(pk=generation.pk, epoch=self.claim.epoch)
        await db_work(row.update, model=generation.model, model_digest=info.digest, server=provider_label())

    async def _attempts(self, generation: Generation, prefix: str) -> Ending:
        """Ask until a first delta has come or the attempts are used up."""
        attempt = 1
        while True:
            try:
                return await self._attempt(generation, prefix)
            except ProviderError as error:
                if self._telling.meter.deltas or not error.retryable or attempt >= conf.max_attempts:
                    raise
                await self._wait_and_retry(attempt, error)
                attempt += 1

    async def _attempt(self, generation: Generation, prefix: str) -> Ending:
        provider = provider_for(conf.ollama_host)
        info = await self._model(provider, generation)
        await self._note(generation, info)
        window = await self._window(provider, generation, info)
        prompt = fitted(await db_work(prompt_for, generation, prefix=prefix), window)
        while True:
            request = ChatRequest(generation.model, prompt.messages, generation.options, generation.think)
            try:
                return await self._stream(provider, request, prompt, prefix)
            except ContextExceeded:
                window = (window or UNKNOWN_WINDOW) // 2
                smaller = fitted(prompt, window)
                if self._telling.meter.deltas or smaller.left_out == prompt.left_out:
                    raise
                prompt = smaller

    async def _wait_and_retry(self, attempt: int, error: ProviderError) -> None:
        wait_s = round(delay_s(attempt, random.random), 1)
        self._telling.retry(t.Retry(attempt=attempt, wait_s=wait_s, code=error.code, text=storable(error.text)))
        await asyncio.sleep(wait_s)

    async def _window(self, provider: Provider, generation: Generation, info: ModelInfo) -> int | None:
        """Return the window really in use, in tokens, and say whether the model has to be loaded first."""
        asked = generation.options.get("num_ctx")
        loaded = await _loaded(provider, info.name)
        self._telling.phase_is("reading" if loaded else "loading")
        self._watch_no_more()
        if not loaded:
            self._loading = self._spawn(self._watch_loading(provider, info.name))
        window = asked or (loaded.context if loaded else None) or info.trained_context
        self._telling.meter.window = window if isinstance(window, int) else None
        return self._telling.meter.window

    async def _watch_loading(self, provider: Provider, name: str) -> None:
        """Turn `loading` into `reading` as soon as the server says that the model is there."""
        while self._telling.phase == "loading":
            await asyncio.sleep(LOADING_POLL_S)
            found = await _loaded(provider, name)
            if found and self._telling.phase == "loading" and not self._writer.lost.is_set():
                self._telling.phase_is("reading")

    def _watch_no_more(self) -> None:
        if self._loading is not None:
            self._loading.cancel()

    async def _stream(self, provider: Provider, request: ChatRequest, prompt: Prompt, prefix: str) -> Ending:
        if prompt.left_out:
            text = f"Reading the chat without its first {prompt.left_out} messages: the model's window is full"
            self._telling.phase_is("reading", text)
        overlap = Overlap(prefix)
        done: Done | None = None
        async with aclosing(provider.stream(request)) as deltas:
            async for delta in deltas:
                match delta:
                    case TextDelta(kind, text):
                        self._telling.take(kind, text, overlap)
                        if self._writer.full:
                            await self._writer.stored()
                    case Done():
                        done = delta
                if self._telling.is_long_enough:
                    done = Done(finish_reason="length")
                    break
        return self._telling.finished(done or Done(finish_reason="stop"), overlap.rest())


async def _loaded(provider: Provider, name: str) -> LoadedModel | None:
    try:
        async with asyncio.timeout(ASK_S):
            loaded = await provider.loaded()
    except (ProviderError, TimeoutError):
        return None
    return next((model for model in loaded if model.name.split(":latest")[0] == name.split(":latest")[0]), None)


def _load(generation_id: int) -> tuple[Generation, Fold]:
    rows = Generation.objects.select_related("message", "chat_session")
    return rows.get(pk=generation_id), fold_log(generation_id)
