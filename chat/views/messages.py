"""Send a prompt from the page.

With htmx, a new chat comes back as its thread, and a prompt in a chat that is open as nothing at all: its stream
brings it, in order with everything else. A plain form is led to the chat. A refusal gives the text back.
"""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import push_url, trigger_client_event

from chat.actions.send import Sent, send_prompt
from chat.errors import ActionError, InvalidRequest
from chat.forms import PromptForm
from chat.models import ChatSession
from chat.queries.access import chat_session_of
from chat.queries.sessions import chat_item
from chat.rendering import ids
from chat.rendering.fragments import chat_item_fragment
from chat.views.door import PageRequest, door, refusal, with_retry_after
from chat.views.thread import page_context, thread_context


@door("POST")
def send_new(request: PageRequest) -> HttpResponseBase:
    """Begin a chat with this prompt."""
    return _send(request, None)


@door("POST")
def send(request: PageRequest, chat_id: str) -> HttpResponseBase:
    return _send(request, chat_session_of(request.user, chat_id))


def _send(request: PageRequest, chat: ChatSession | None) -> HttpResponseBase:
    try:
        sent = _sent(request, chat)
    except ActionError as error:
        return _refused(request, chat, error)
    if not request.htmx:
        url = reverse("chat:show", args=[sent.chat_session.public_id])
        return redirect(f"{url}#{ids.article(sent.answer.public_id)}")
    return _begun(request, sent) if chat is None else _accepted(sent)


def _sent(request: PageRequest, chat: ChatSession | None) -> Sent:
    form = PromptForm(request.POST)
    if not form.is_valid():
        raise InvalidRequest
    data = form.cleaned_data
    return send_prompt(user=request.user, chat_session=chat, text=form.prompt, key=data["key"], model=data["model"])


def _begun(request: PageRequest, sent: Sent) -> HttpResponse:
    """Return the thread of a new chat, its entry in the list, and its address for the browser's bar."""
    chat_session = sent.chat_session
    response = render(request, "chat/_thread_swapped.html", thread_context(chat_session))
    entry = chat_item_fragment(chat_item(chat_session), current=chat_session.public_id)
    response.write(entry)
    return push_url(response, reverse("chat:show", args=[chat_session.public_id]))


def _accepted(sent: Sent) -> HttpResponse:
    names = {"message": sent.answer.public_id, "generation": sent.generation.public_id}
    return trigger_client_event(HttpResponse(status=204), "smail:sent", names)


def _refused(request: PageRequest, chat: ChatSession | None, error: ActionError) -> HttpResponse:
    if request.htmx:  # the composer says it beside the text, which is still there
        return refusal(request, error)
    context = {
        **page_context(request.user, chat),
        "form_error": error.text,
        "text": request.POST.get("text") or request.POST.get("suggestion", ""),
        "key": request.POST.get("key", ""),
    }
    return with_retry_after(render(request, "chat/page.html", context, status=error.http_status), error)
