"""Streams for programs: send a prompt and read its answer, or read a generation's log from any cursor.

Leaving is never stopping: the answer goes on. `POST …/stop` stops.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from chat.actions.send import Sent, send_prompt
from chat.actions.stop import stop_generation
from chat.conf import conf
from chat.errors import InvalidRequest, PromptTooLong, SmailError
from chat.models import Generation
from chat.models.ids import new_id
from chat.models.work import db_work
from chat.queries import access
from chat.transports.cursor import seq_in
from chat.transports.event_feed import EventFeed
from chat.transports.hub import current_hub
from chat.transports.sse import COMMENT, message, not_signed_in, refused, signed_in, streaming

DONE = "data: [DONE]\n\n"


@require_POST
async def message_stream(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Send a prompt and stream the events of its answer.

    Body: `{"session_id"?, "message", "model"?, "options"?, "key"?}`.
    """
    user = await signed_in(request)
    if user is None:
        return not_signed_in()
    try:
        named = _named(request, default=False)
        sent = await db_work(_send, user, _body(request))
    except SmailError as error:
        return refused(error)
    response = await streaming(_stream(sent.generation, 0, named=named))
    response["SMAIL-Session"] = sent.chat_session.public_id
    response["SMAIL-Generation"] = sent.generation.public_id
    return response


@require_GET
async def generation_events(request: HttpRequest, generation_id: str) -> HttpResponse | StreamingHttpResponse:
    """Stream a generation's events after a cursor (`Last-Event-ID`, else `?cursor=`); 204 when there are none left."""
    user = await signed_in(request)
    if user is None:
        return not_signed_in()
    try:
        named = _named(request, default=True)
        generation = await db_work(access.generation_of, user, generation_id)
        after = seq_in(request.headers.get("Last-Event-ID") or request.GET.get("cursor", ""), generation.public_id)
        if after > generation.last_seq:
            raise InvalidRequest("That cursor lies beyond the end of the log.")
    except SmailError as error:
        return refused(error)
    if not generation.is_open and after == generation.last_seq:
        return HttpResponse(status=204)
    return await streaming(_stream(generation, after, named=named))


@require_POST
async def stop(request: HttpRequest, generation_id: str) -> HttpResponse:
    """Ask a generation to stop; 202, also when it has ended already."""
    user = await signed_in(request)
    if user is None:
        return not_signed_in()
    try:
        await db_work(_stop, user, generation_id)
    except SmailError as error:
        return refused(error)
    return JsonResponse({"generation": generation_id, "stopping": True}, status=202)


async def _stream(generation: Generation, after: int, *, named: bool) -> AsyncGenerator[str, None]:
    yield COMMENT  # the head goes out at once, however long the model loads
    async for events in EventFeed(current_hub(), generation.pk, after).events():
        if not events:
            yield COMMENT
        for event in events:
            data = json.dumps(event.to_json(), ensure_ascii=False)
            yield message(data, id_=f"{generation.public_id}.{event.seq}", event=event.type if named else "")
            if event.is_end and not named:
                yield DONE


def _send(user: User, body: Mapping[str, Any]) -> Sent:
    session_id = _text(body, "session_id")
    return send_prompt(
        user=user,
        chat_session=access.chat_session_of(user, session_id) if session_id else None,
        text=_text(body, "message"),
        key=_text(body, "key") or new_id(),
        model=_text(body, "model"),
        options=_options(body),
    )


def _stop(user: User, generation_id: str) -> None:
    stop_generation(generation=access.generation_of(user, generation_id))


def _body(request: HttpRequest) -> Mapping[str, Any]:
    """Return the JSON object in the body; a form or plain text is refused, as other origins can send those."""
    if request.content_type != "application/json":
        raise InvalidRequest("The body must be JSON (Content-Type: application/json).")
    if len(request.body) > conf.max_body_bytes:
        raise PromptTooLong
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return body


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequest(f"“{name}” must be a text.")
    return value


def _options(body: Mapping[str, Any]) -> Mapping[str, Any]:
    options = body.get("options")
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise InvalidRequest("“options” must be an object.")
    return options


def _named(request: HttpRequest, *, default: bool) -> bool:
    wanted = request.GET.get("events", "named" if default else "unnamed")
    if wanted not in ("named", "unnamed"):
        raise InvalidRequest("“events” must be named or unnamed.")
    return wanted == "named"
