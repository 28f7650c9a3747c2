"""Raw sockets: what is on the wire is what Go's server writes."""

from __future__ import annotations

import asyncio
import json
import re

from tests.ollama_sim import CleanEnd, Cut, Finish, Framing, Hang, OllamaSim, Problem, Raw, Text, Wait, refuse, reply

HI = {"model": "sim", "messages": [{"role": "user", "content": "Hi"}]}


async def opened(
    ollama: OllamaSim, body: object, path: str = "/api/chat"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(ollama.url.rpartition(":")[2]))
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    writer.write(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(data)) + data)
    return reader, writer


async def raw(ollama: OllamaSim, body: object, path: str = "/api/chat") -> bytes:
    """Everything that comes, up to the end of the body or of the connection."""
    reader, writer = await opened(ollama, body, path)
    got = b""
    while data := await reader.read(65536):
        got += data
        length = re.search(rb"Content-Length: (\d+)", got)
        is_whole = length and len(got.partition(b"\r\n\r\n")[2]) >= int(length[1])
        if got.endswith(b"0\r\n\r\n") or is_whole:
            break
    writer.close()
    return got


def chunks(got: bytes) -> list[bytes]:
    """Take the body apart as RFC 9112 says; the closing chunk is b''."""
    rest, found = got.partition(b"\r\n\r\n")[2], []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        found.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    return found


async def test_it_works(ollama: OllamaSim) -> None:
    ollama.script(reply("Hel", "lo é <b>"))
    got = await raw(ollama, HI)
    assert got.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n")
    lines = chunks(got)
    assert len(lines) == 4 and lines[-1] == b"" and all(line.endswith(b"}\n") for line in lines[:-1])
    assert re.fullmatch(
        rb'\{"model":"sim","created_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z",'
        rb'"message":\{"role":"assistant","content":"Hel"\},"done":false\}\n',
        lines[0],
    )
    assert "lo é \\u003cb\\u003e".encode() in lines[1]
    assert list(json.loads(lines[2])) == [
        "model", "created_at", "message", "done", "done_reason", "total_duration", "load_duration",
        "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration",
    ]  # fmt: skip


async def test_it_escapes_as_go_does(ollama: OllamaSim) -> None:
    ollama.script(reply("\u0085\u2028<&>\t\x01👍"))
    assert '"\u0085\\u2028\\u003c\\u0026\\u003e\\t\\u0001👍"'.encode() in chunks(await raw(ollama, HI))[0]


async def test_it_sends_the_head_with_the_first_line(ollama: OllamaSim) -> None:
    ollama.script(reply(Wait("go"), "x"))
    reader, writer = await opened(ollama, HI)
    await ollama.wait_for(lambda sim: sim.gate("go").waiting == 1)
    assert not reader._buffer  # type: ignore[attr-defined]
    ollama.open("go")
    assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    writer.close()


async def test_it_keeps_the_connection_after_a_clean_end(ollama: OllamaSim) -> None:
    reader, writer = await opened(ollama, HI)
    await reader.readuntil(b"0\r\n\r\n")
    writer.write(b"GET /api/version HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK") and await reader.readexactly(21) == b'{"version":"0.32.15"}'
    writer.close()


async def test_it_frames_as_told(ollama: OllamaSim) -> None:
    ollama.script(reply("é日", framing=Framing(split_characters=True)))
    ollama.script(reply("abc", framing=Framing(bytes_per_chunk=1)), reply("a", "b", framing=Framing(lines_per_chunk=9)))
    split, trickle, joined = [chunks(await raw(ollama, HI)) for _ in range(3)]
    assert split[0].endswith(b"\xc3") and split[1].endswith(b"\xe6")
    assert {len(chunk) for chunk in trickle[:-1]} == {1}
    assert len(joined) == 2 and joined[0].count(b"\n") == 3


async def test_it_ends_as_told(ollama: OllamaSim) -> None:
    ollama.script(reply("x", CleanEnd()), reply(CleanEnd()), reply("x", Finish("length", metrics=False, newline=False)))
    no_done, empty, bare = [chunks(await raw(ollama, HI)) for _ in range(3)]
    assert len(no_done) == 2 and empty == [b""]
    assert bare[-2].endswith(b'"done":true,"done_reason":"length"}')


async def test_it_cuts_as_told(ollama: OllamaSim) -> None:
    ollama.script(reply("x", Raw(b'{"half'), Cut()))
    got = await raw(ollama, HI)
    assert got.endswith(b'6\r\n{"half\r\n') and not got.endswith(b"0\r\n\r\n")
    ollama.script(reply("x", Cut(reset=True)))
    reader, writer = await opened(ollama, HI)
    try:
        while await reader.read(65536):
            pass
        was_reset = False
    except ConnectionResetError:
        was_reset = True
    assert was_reset
    writer.close()


async def test_it_puts_errors_where_ollama_does(ollama: OllamaSim) -> None:
    ollama.script(reply(Problem("early")), reply("x", Problem("late")), refuse(404, "model 'nope' not found"))
    early, late, missing = [await raw(ollama, HI) for _ in range(3)]
    assert early.startswith(b"HTTP/1.1 500 ") and early.endswith(b'{"error":"early"}')
    assert late.startswith(b"HTTP/1.1 200 ") and chunks(late)[1:] == [b'{"error":"late"}\n', b""]
    assert b"Content-Length: 34\r\n" in missing and missing.startswith(b"HTTP/1.1 404 Not Found\r\n")


async def test_it_notices_at_once_that_a_client_has_gone(ollama: OllamaSim) -> None:
    ollama.script(reply("x", Hang()))
    reader, writer = await opened(ollama, HI)
    await reader.readline()
    writer.close()
    await ollama.wait_for(lambda sim: sim.cancelled == 1 and sim.slots_used == 0 and sim.open_connections == 0)


async def test_it_stops_producing_when_nobody_reads(ollama: OllamaSim) -> None:
    ollama.script(reply(*[Text("x" * 100_000)] * 500))
    reader, writer = await opened(ollama, HI)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await ollama.wait_for(lambda sim: any(c.is_backed_up for c in sim.connections))
    assert 0 < ollama.tokens < 500
    writer.transport.resume_reading()  # type: ignore[attr-defined]
    while not (await reader.read(1_000_000)).endswith(b"0\r\n\r\n"):
        pass
    assert ollama.tokens == 500
    writer.close()


async def test_it_has_the_bug_of_the_stuck_place(ollama: OllamaSim) -> None:
    ollama.stuck_slot_bug = True
    ollama.script(reply(*[Text("x" * 100_000)] * 500))
    _, writer = await opened(ollama, HI)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await ollama.wait_for(lambda sim: any(c.is_backed_up for c in sim.connections))
    writer.transport.abort()
    await ollama.wait_for(lambda sim: sim.cancelled == 1)
    assert ollama.slots_used == 1 and ollama.tokens_after_disconnect == 0


async def test_it_redirects_and_refuses_methods_as_the_router_does(ollama: OllamaSim) -> None:
    missing = await raw(ollama, HI, "/api/nothing")
    assert missing.startswith(b"HTTP/1.1 404 ") and missing.endswith(b"404 page not found")
    wrong = await raw(ollama, HI, "/api/tags")
    assert wrong.startswith(b"HTTP/1.1 405 ") and wrong.endswith(b"405 method not allowed")
