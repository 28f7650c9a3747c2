"""Server-sent events: the framing, and the response every stream of ours uses.

A stream begins only after authentication and limits have passed, and gives its database connection back before its
first byte: thousands of open streams hold none.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from asgiref.sync import SyncToAsync
from channels.db import aclose_old_connections
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from accounts.models import User
from chat.conf import conf
from chat.errors import NotFound, RateLimited, SmailError
from chat.models.work import db_work
from chat.queries import access
from chat.transports.cursor import parsed, written
from chat.transports.feed import PageFeed
from chat.transports.hub import current_hub

HEADERS = {
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    # Named, so that no compressing middleware takes it in hand: Django's would show browsers the first event only.
    "Content-Encoding": "identity",
}
COMMENT = ":\n\n"
PIECE_CHARS = 64 * 1024


def message(data: str, *, id_: str = "", event: str = "") -> str:
    """Return one message. `id_` and `event` are ours and hold no line break; `data` may have several lines. Pure."""
    if any(char in id_ + event for char in "\r\n\0"):
        raise ValueError("line breaks end a field")
    head = (f"event: {event}\n" if event else "") + (f"id: {id_}\n" if id_ else "")
    lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return head + "".join(f"data: {line}\n" for line in lines) + "\n"


async def signed_in(request: HttpRequest) -> User | None:
    """Return the active user of the session, None where there is none."""
    user = await request.auser()
    return user if isinstance(user, User) and user.is_active else None


async def streaming(texts: AsyncGenerator[str, None]) -> StreamingHttpResponse:
    """Return the response; whatever the request has used of the database is given back first."""
    await aclose_old_connections()
    response = StreamingHttpResponse(_without_thread(texts), content_type="text/event-stream")
    for name, value in HEADERS.items():
        response[name] = value
    return response


async def _without_thread(texts: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """Yield the texts; the thread that Django keeps for each request ends first, or every open stream would hold one.

    It has to be here: after the view, middleware may have used the thread again.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.pop(context, None) if context is not None else None
    if executor is not None:
        executor.shutdown(wait=False)
    async with aclosing(texts):
        async for text in texts:
            yield text


def refused(error: SmailError) -> JsonResponse:
    """Return an error as a program reads it: `{"code", "error"}`, with `Retry-After` where waiting helps."""
    response = JsonResponse({"code": error.code, "error": error.text}, status=error.http_status)
    if isinstance(error, RateLimited):
        response["Retry-After"] = str(error.retry_after)
    return response


def not_signed_in() -> JsonResponse:
    return JsonResponse({"code": "not_signed_in", "error": "Sign in first."}, status=401)


@require_GET
async def page_stream(request: HttpRequest, session_id: str) -> HttpResponse | StreamingHttpResponse:
    """The page's stream where a WebSocket cannot be had: the same frames, `id` is the cursor to come back with."""
    user = await signed_in(request)
    if user is None:
        return not_signed_in()
    hub = current_hub()
    if hub.count(("user", user.pk)) >= conf.max_sockets_per_user:
        return refused(RateLimited("You have too many pages open.", retry_after=int(conf.heartbeat_s)))
    try:
        await db_work(access.chat_session_of, user, session_id)
        cursors = parsed(request.headers.get("Last-Event-ID") or request.GET.get("cursor", ""))
    except SmailError as error:
        return refused(error)
    return await streaming(_page_frames(PageFeed(hub, user), session_id, cursors, request.GET.get("last", "")))


async def _page_frames(feed: PageFeed, chat: str, cursors: dict[str, int], last: str) -> AsyncGenerator[str, None]:
    """Open the feed only here: a reader who leaves before the first byte must leave nothing behind in the hub."""
    feed.acks = False
    try:
        await feed.open(chat, cursors, last)
        yield message('{"type":"hello","connection":0,"heads":{}}')
        async for text in feed.texts():
            for piece in _pieces(text, written(feed.cursors)):
                yield piece
    except NotFound:
        return  # deleted between the door and here
    finally:
        feed.close()


def _pieces(text: str, id_: str) -> Iterator[str]:
    """Yield the message in pieces where it is long: each waits until the reader has taken the one before, and no
    reader that stalls holds a copy of its own. The text is JSON, so it has no line breaks."""
    if len(text) <= PIECE_CHARS:
        yield message(text, id_=id_)
        return
    yield f"id: {id_}\ndata: " if id_ else "data: "
    for start in range(0, len(text), PIECE_CHARS):
        yield text[start : start + PIECE_CHARS]
    yield "\n\n"
