"""Reads server-sent events as the HTML standard says."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from django.http import StreamingHttpResponse


def read(stream: str) -> list[dict[str, str]]:
    """Read a stream as the HTML standard says: fields by line, a message at each blank line."""
    found: list[dict[str, str]] = []
    data: list[str] = []
    fields: dict[str, str] = {}
    for line in re.split("\r\n|\r|\n", stream)[:-1]:
        if not line:
            if data:
                found.append({**fields, "data": "\n".join(data)})
            data, fields = [], {}
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name:
            fields[name] = value
    return found


@asynccontextmanager
async def reading(response: StreamingHttpResponse, timeout_s: float = 15.0) -> AsyncIterator[AsyncIterator[bytes]]:
    """Give the parts of a response as they come; at the end of the block the reader leaves."""
    parts = aiter(response)

    async def patiently() -> AsyncIterator[bytes]:
        while True:
            try:
                async with asyncio.timeout(timeout_s):
                    part = await anext(parts)
            except StopAsyncIteration:
                return
            yield part

    async with aclosing(patiently()) as giving:
        yield giving
    await parts.aclose()
    await response._iterator.aclose()  # a server lets go of the response; the test still holds it
    for _ in range(10):  # each generator inside is closed by the loop in its turn
        await asyncio.sleep(0)


async def said_in(parts: AsyncIterator[bytes]) -> AsyncIterator[dict[str, str]]:
    """Yield the messages in these parts; comments are left out."""
    async for part in parts:
        for said in read(part.decode()):
            yield said


async def all_of(response: StreamingHttpResponse) -> list[dict[str, str]]:
    async with reading(response) as parts:
        return [said async for said in said_in(parts)]


def events(said: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return the JSON of the messages that are events."""
    return [json.loads(one["data"]) for one in said if one["data"] != "[DONE]"]
