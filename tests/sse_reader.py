"""Reads server-sent events as the HTML standard says."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
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


async def streamed(response: StreamingHttpResponse, timeout_s: float = 15.0) -> AsyncIterator[dict[str, str]]:
    """Yield the messages of a response as they come; comments are left out."""
    parts = aiter(response)
    while True:
        try:
            async with asyncio.timeout(timeout_s):
                part = await anext(parts)
        except StopAsyncIteration:
            return
        for said in read(part.decode()):
            yield said


async def all_of(response: StreamingHttpResponse) -> list[dict[str, str]]:
    return [said async for said in streamed(response)]


def events(said: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return the JSON of the messages that are events."""
    return [json.loads(one["data"]) for one in said if one["data"] != "[DONE]"]
