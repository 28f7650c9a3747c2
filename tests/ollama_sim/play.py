"""Plays one reply on one connection: steps become lines, lines become chunks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.ollama_sim import plausible
from tests.ollama_sim.encode import go_json, go_time
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
    Step,
    Text,
    Wait,
    Words,
    refuse,
)
from tests.ollama_sim.wire import Connection

if TYPE_CHECKING:
    from tests.ollama_sim.server import OllamaSim

NDJSON = "application/x-ndjson"
# Without a rate, give the others their turn this often.
BREATH_TOKENS = 16


class Ended(Exception):
    """The reply has come to its end, whichever."""


class Player:
    """One answer being written; `wants_generate` for the shape of /api/generate."""

    def __init__(
        self, sim: OllamaSim, connection: Connection, body: Mapping[str, Any], *, wants_generate: bool
    ) -> None:
        self._sim = sim
        self._connection = connection
        self._model = str(body.get("model"))
        self._streams = body.get("stream", True) is not False
        self._wants_generate = wants_generate
        self._gathered = {"content": "", "thinking": ""}
        self._calls: list[Mapping[str, Any]] = []
        self._waiting_lines: list[bytes] = []
        self._framing = Framing()
        self.prompt_tokens = 26
        self.load_ns = 41_200_000
        self.started_ns = sim.now_ns()
        self.written = 0

    async def play(self, reply: Reply) -> None:
        self._framing = reply.framing or self._sim.framing
        try:
            for step in reply.steps:
                await self._step(step)
            await self._clean_end()
        except Ended:
            return

    async def _step(self, step: Step) -> None:
        match step:
            case Text():
                await self._said(step.content, step.thinking, step.tool_calls, step.extra)
            case Words():
                await self._words(step)
            case Raw(data):
                await self._opened()
                await self._chunks(data)
            case Finish():
                await self._finish(step)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Wait(gate):
                await self._sim.pass_gate(gate)
            case Head():
                await self._opened()
            case Problem():
                await self._problem(step)
            case CleanEnd():
                await self._clean_end()
            case Cut(reset):
                await self._flush()
                await asyncio.sleep(0)  # what was written goes first
                self._connection.cut(reset=reset)
                raise Ended
            case Hang():
                await self._flush()
                await asyncio.Event().wait()

    async def _words(self, step: Words) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for number, token in enumerate(plausible.tokens(step.text)):
            if rate := self._sim.tokens_per_s:
                due += (1 + self._sim.jitter * (self._sim.random() * 2 - 1)) / rate
                if (early := due - loop.time()) > 0:
                    await asyncio.sleep(early)
            elif number % BREATH_TOKENS == 0:
                await asyncio.sleep(0)
            await self._said(*((token, "") if step.kind == "content" else ("", token)), (), {})

    async def _said(self, content: str, thinking: str, calls: Any, extra: Mapping[str, Any]) -> None:
        self.written += 1
        self._sim.count_token(self._connection)
        if self._streams:
            await self._line({**self._frame(content, thinking, calls), "done": False, **extra})
        else:
            self._gather(content, thinking, calls)

    async def _finish(self, step: Finish) -> None:
        content, thinking, calls = step.content, step.thinking, step.tool_calls
        if not self._streams:
            self._gather(content, thinking, calls)
            content, thinking, calls = self._gathered["content"], self._gathered["thinking"], self._calls
        said = {**self._frame(content, thinking, calls), "done": True}
        if step.reason is not None:
            said["done_reason"] = step.reason
        said |= (self._metrics() if step.metrics else {}) | step.extra
        if not self._streams:
            await self._connection.answer(Refusal(200, go_json(said).encode()))
            raise Ended
        await self._line(said, newline=step.newline)

    async def _problem(self, step: Problem) -> None:
        if not self._connection.head_sent and not self._waiting_lines:
            # The first item of a stream still gets its status.
            await self._connection.answer(refuse(500, step.error, **step.extra))
            raise Ended
        await self._line({"error": step.error, **step.extra})
        await self._clean_end()

    async def _clean_end(self) -> None:
        await self._flush()
        await self._opened()
        await self._connection.end_stream()
        raise Ended

    def _gather(self, content: str, thinking: str, calls: Any) -> None:
        self._gathered["content"] += content
        self._gathered["thinking"] += thinking
        self._calls += calls

    def _frame(self, content: str, thinking: str, calls: Any) -> dict[str, Any]:
        said: dict[str, Any] = {"model": self._model, "created_at": go_time(self._sim.now_ns())}
        thought = {"thinking": thinking} if thinking else {}
        if self._wants_generate:
            return said | {"response": content} | thought
        called = {"tool_calls": list(calls)} if calls else {}
        return said | {"message": {"role": "assistant", "content": content} | thought | called}

    def _metrics(self) -> dict[str, int]:
        total = max(1, self._sim.now_ns() - self.started_ns)
        metrics = {
            "total_duration": total + self.load_ns,
            "load_duration": self.load_ns,
            "prompt_eval_count": self.prompt_tokens,
            "prompt_eval_duration": 61_000_000,
            "eval_count": self.written,
            "eval_duration": total,
        }
        return {name: value for name, value in metrics.items() if value}

    # --- lines to chunks

    async def _line(self, said: Mapping[str, Any], *, newline: bool = True) -> None:
        self._waiting_lines.append((go_json(said) + "\n" * newline).encode())
        if len(self._waiting_lines) >= self._framing.lines_per_chunk or said.get("done"):
            await self._flush()

    async def _flush(self) -> None:
        if self._waiting_lines:
            data = b"".join(self._waiting_lines)
            self._waiting_lines.clear()
            await self._opened()
            await self._chunks(data)

    async def _opened(self) -> None:
        if not self._connection.head_sent:
            await self._connection.open_stream(NDJSON)

    async def _chunks(self, data: bytes) -> None:
        for piece in pieces(data, self._framing):
            await self._connection.chunk(piece)
            if len(piece) != len(data):
                await asyncio.sleep(0)  # a packet of its own


def pieces(data: bytes, framing: Framing) -> list[bytes]:
    """Cut a line as the framing says; `split_characters` cuts behind the first byte of each multi-byte one."""
    if framing.split_characters:
        cuts = [at + 1 for at, byte in enumerate(data) if byte >= 0xC0]
        return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if data[start:end]]
    if size := framing.bytes_per_chunk:
        return [data[start : start + size] for start in range(0, len(data), size)]
    return [data]
