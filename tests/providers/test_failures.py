"""Every way an answer can fail: the right error, the text so far, words fit for people, and nothing hangs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from chat import errors
from chat.providers.ollama.client import OllamaProvider
from chat.providers.types import TextDelta
from tests.ollama_sim import CleanEnd, Cut, Finish, Hang, Head, OllamaSim, Problem, Raw, Text, Wait, page, refuse, reply
from tests.ollama_sim.script import Item, Step
from tests.providers.conftest import ask, read

CONTEXT = '{"error":{"code":400,"message":"request (7900 tokens) exceeds the available context size (4096 tokens), try increasing it","type":"exceed_context_size_error"}}'  # noqa: E501
HTML = "<html><body><h1>502 Bad Gateway</h1>nginx/1.22 at /etc/nginx</body></html>"
INTERNALS = ("/", "\\", "<", "{", "127.0.0.1", "http", "registry", "Traceback")

REFUSALS = [
    (refuse(400, "missing request body"), errors.ModelRejected),
    (refuse(400, "registry.ollama.ai/library/gemma:2b does not support tools"), errors.FeatureUnsupported),
    (refuse(400, '"llama3.2" does not support thinking'), errors.FeatureUnsupported),
    (refuse(400, '"bert" does not support chat'), errors.FeatureUnsupported),
    (refuse(500, "image input is not supported - hint: if this is unexpected"), errors.FeatureUnsupported),
    (refuse(400, CONTEXT), errors.ContextExceeded),
    (refuse(400, "the prompt is longer than the context length currently available"), errors.ContextExceeded),
    (refuse(400, "Assistant response prefill is incompatible with enable_thinking."), errors.ModelRejected),
    (refuse(401, "unauthorized", signin_url="https://ollama.com/connect?name=x&key=y"), errors.ModelUnauthorized),
    (refuse(403), errors.ModelUnauthorized),
    (refuse(403, "ollama cloud is disabled: remote model is unavailable"), errors.ModelUnauthorized),
    (refuse(404, "model 'nope' not found"), errors.ModelNotFound),
    (refuse(404, 'model "nope" not found, try pulling it first'), errors.ModelNotFound),
    (page(404, "404 page not found"), errors.ModelServerError),
    (page(405, "405 method not allowed"), errors.ModelServerError),
    (page(307, "", Location="http://elsewhere.example/"), errors.ModelServerError),
    (page(413, "<h1>Request Entity Too Large</h1>"), errors.ModelRejected),
    (refuse(429, "rate limited"), errors.ModelRateLimited),
    (refuse(499, "request canceled"), errors.ModelServerError),
    (refuse(500, 'option "num_predict" must be of type integer'), errors.ModelRejected),
    (refuse(500, "llama-server process has terminated: exit status 1: /usr/lib/x.so"), errors.ModelServerError),
    (page(500, "not JSON at all"), errors.ModelServerError),
    (page(502, HTML), errors.ModelServerError),
    (page(504, HTML), errors.ModelServerError),
    (refuse(503, "server busy, please try again.  maximum pending requests exceeded"), errors.ModelServerBusy),
    (page(503, HTML), errors.ModelServerBusy),
    # 200, and yet no answer.
    (page(200, HTML), errors.StreamGarbled),
    (page(200, ""), errors.StreamInterrupted),
    (refuse(200, "model 'nope' not found"), errors.ModelNotFound),
    (refuse(200, "too many requests", StatusCode=429), errors.ModelRateLimited),
    (refuse(200, "something else"), errors.ModelFailed),
]

ENDS: list[tuple[tuple[Step, ...], type[errors.ProviderError]]] = [
    ((CleanEnd(),), errors.StreamInterrupted),
    ((Cut(),), errors.StreamInterrupted),
    ((Cut(reset=True),), errors.StreamInterrupted),
    ((Raw(b'{"message":{"content":"lost'), CleanEnd()), errors.StreamInterrupted),
    ((Raw(b'{"message":{"content":"lost'), Cut()), errors.StreamInterrupted),
    ((Raw(b'{"message":{"content":"lost'), Cut(reset=True)), errors.StreamInterrupted),
    ((Raw(b"rubbish\n"), CleanEnd()), errors.StreamGarbled),
    ((Raw(b"rubbish"), CleanEnd()), errors.StreamGarbled),
    ((Raw(b"\xff\xfe\xfa\n"), CleanEnd()), errors.StreamGarbled),
    ((Raw(b'{"message":{"content":"x"},"done":false\n'), Finish()), errors.StreamGarbled),
    ((Raw(b"[]\n"), Finish()), errors.StreamGarbled),
    ((Raw(b"42\n"), Finish()), errors.StreamGarbled),
    ((Raw(b'"text"\n'), Finish()), errors.StreamGarbled),
    ((Raw(b"null\n"), Finish()), errors.StreamGarbled),
    ((Raw(b'{"message":"text"}\n'), Finish()), errors.StreamGarbled),
    ((Raw(b'{"message":{"content":7}}\n'), Finish()), errors.StreamGarbled),
    ((Raw(b'{"message":{"tool_calls":7}}\n'), Finish()), errors.StreamGarbled),
    ((Raw(b'{"message":{"tool_calls":[{"function":3}]}}\n'), Finish()), errors.StreamGarbled),
    ((Raw(b"[" * 100_000 + b"\n"), Finish()), errors.StreamGarbled),
    ((Text(tool_calls=[{"function": {"name": "f", "arguments": "{half"}}]),), errors.ModelFailed),
    ((Problem("an error was encountered while running the model: unexpected EOF"),), errors.ModelFailed),
    ((Problem("model 'nope' not found"),), errors.ModelFailed),
]


def named(value: object) -> str:
    return getattr(value, "__name__", None) or str(value)[:60]


@pytest.mark.parametrize(("item", "kind"), REFUSALS, ids=named)
async def test_it_names_what_was_answered(
    ollama: OllamaSim, provider: OllamaProvider, item: Item, kind: type[errors.ProviderError]
) -> None:
    ollama.script(item)
    answer = await read(provider, ask())
    assert type(answer.error) is kind and answer.deltas == []
    assert_fit_for_people(answer.error)


@pytest.mark.parametrize(("steps", "kind"), ENDS, ids=named)
async def test_it_keeps_the_text_before_the_fault(
    ollama: OllamaSim, provider: OllamaProvider, steps: tuple[Step, ...], kind: type[errors.ProviderError]
) -> None:
    ollama.script(reply("Kept ", "text", *steps))
    answer = await read(provider, ask())
    assert type(answer.error) is kind and answer.content == "Kept text"
    assert_fit_for_people(answer.error)


@pytest.mark.parametrize("reset", [False, True])
async def test_it_calls_a_server_that_hangs_up_unreachable(
    ollama: OllamaSim, provider: OllamaProvider, reset: bool
) -> None:
    ollama.script(reply(Cut(reset=reset)))
    assert type((await read(provider, ask())).error) is errors.ModelServerUnreachable


@pytest.mark.parametrize("steps", [(Head(), CleanEnd()), (Head(), Cut()), (Head(), Cut(reset=True))], ids=str)
async def test_it_calls_nothing_at_all_an_interruption(
    ollama: OllamaSim, provider: OllamaProvider, steps: tuple[Step, ...]
) -> None:
    ollama.script(reply(*steps))
    assert type((await read(provider, ask())).error) is errors.StreamInterrupted


async def test_it_reads_an_error_that_is_the_first_line(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(reply(Raw(b'{"error":"registry.ollama.ai/library/x does not support tools"}\n'), CleanEnd()))
    answer = await read(provider, ask())
    assert type(answer.error) is errors.FeatureUnsupported and str(answer.error) == "This model cannot use tools."


async def test_it_says_what_the_model_said_where_that_is_a_plain_sentence(
    ollama: OllamaSim, provider: OllamaProvider
) -> None:
    ollama.script(reply("a", Problem("the model ran out of memory")))
    error = (await read(provider, ask())).error
    assert str(error) == "The model stopped with an error in the middle of its answer: the model ran out of memory"


async def test_it_keeps_the_servers_words_for_the_log_alone(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(refuse(500, "cannot open /root/.ollama/models/blobs/sha256-1"))
    error = (await read(provider, ask())).error
    assert error is not None and str(error) == errors.ModelServerError.default_text
    assert "/root/.ollama" in error.__notes__[0]


async def test_it_gives_up_on_a_line_without_end(
    ollama: OllamaSim, provider: OllamaProvider, limits: Callable[..., None]
) -> None:
    limits(max_line_bytes=100_000)
    ollama.script(reply("Kept", Raw(b'{"message":{"content":"' + b"x" * 200_000), Hang()))
    answer = await read(provider, ask())
    assert type(answer.error) is errors.StreamGarbled and answer.content == "Kept"
    await ollama.wait_for(lambda sim: sim.cancelled == 1 and sim.slots_used == 0)


@pytest.mark.parametrize(
    ("steps", "limit"),
    [
        ((Hang(),), "first_delta_timeout_s"),
        ((Head(), Hang()), "first_delta_timeout_s"),
        ((Text("Kept"), Hang()), "idle_timeout_s"),
        ((Text("Kept"), Raw(b'{"half":'), Hang()), "idle_timeout_s"),
        ((Text("Kept"), Hang()), "answer_timeout_s"),
    ],
    ids=str,
)
async def test_it_does_not_wait_for_ever(
    ollama: OllamaSim,
    provider: OllamaProvider,
    limits: Callable[..., None],
    steps: tuple[Step, ...],
    limit: str,
) -> None:
    limits(**{limit: 0.15})
    ollama.script(reply(*steps))
    async with asyncio.timeout(5):
        answer = await read(provider, ask())
    assert type(answer.error) is errors.ModelStalled
    task = asyncio.current_task()
    assert task is not None and task.cancelling() == 0  # the timer's cancellation is taken back
    assert answer.content == ("Kept" if Text("Kept") in steps else "")
    await ollama.wait_for(lambda sim: sim.cancelled == 1 and sim.slots_used == 0)


async def test_it_does_not_blame_the_model_for_a_slow_reader(
    ollama: OllamaSim, provider: OllamaProvider, limits: Callable[..., None]
) -> None:
    limits(idle_timeout_s=0.2)
    ollama.script(reply("a", Wait("go"), "b"))
    stream = provider.stream(ask())
    await anext(stream)
    with pytest.raises(TimeoutError):
        await ollama.wait_for(lambda sim: sim.cancelled > 0, timeout_s=0.3)
    rest = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)  # it stands waiting, its 0.2 s long past
    await asyncio.sleep(0)
    ollama.open("go")
    assert await rest == TextDelta("content", "b")
    await stream.aclose()


async def test_it_says_when_an_answer_took_too_long_as_a_whole(
    ollama: OllamaSim, provider: OllamaProvider, limits: Callable[..., None]
) -> None:
    limits(answer_timeout_s=0.2)
    ollama.tokens_per_s = 50
    answer = await read(provider, ask("repeat: " + "word " * 500))
    assert "longer than allowed" in str(answer.error) and answer.content.startswith("word word")


async def test_it_calls_a_closed_port_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        provider = OllamaProvider(f"127.0.0.1:{taken.getsockname()[1]}")
        answer = await read(provider, ask())
        with pytest.raises(errors.ModelServerUnreachable):
            await provider.models()
        await provider.aclose()
    assert type(answer.error) is errors.ModelServerUnreachable
    assert_fit_for_people(answer.error)


@pytest.mark.parametrize("address", ["http://nowhere.invalid", "ftp://127.0.0.1", "http://127.0.0.1:1/a b"])
async def test_it_calls_an_impossible_address_unreachable(address: str) -> None:
    provider = OllamaProvider(address)
    assert type((await read(provider, ask())).error) is errors.ModelServerUnreachable
    await provider.aclose()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "bytes_",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\x01",
        b"HTTP/1.1 999999 what\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nrubbish",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"5\r\nabcdefgh\r\n0\r\n\r\n",
        CHUNKED + b"1\r\n{\r\nffffffffffffffffffffffff\r\n",
        CHUNKED + b"1\r\n{\r\n0\r\nbad trailer\r\n\r\n",
        CHUNKED + b"x" * 100_000,
    ],
    ids=lambda value: str(value)[:60],
)
async def test_it_survives_what_is_no_http(bytes_: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes_)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        provider = OllamaProvider(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        answer = await read(provider, ask())
        await provider.aclose()
    assert isinstance(answer.error, errors.ModelServerError | errors.StreamInterrupted)
    assert_fit_for_people(answer.error)


def assert_fit_for_people(error: errors.ProviderError | None) -> None:
    assert error is not None and error.text
    assert not [word for word in INTERNALS if word in error.text]
