"""The list of chats: older entries, rename, delete and its undo."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive

from chat.actions import sessions as actions
from chat.errors import ActionError, InvalidRequest
from chat.forms import TitleForm
from chat.models import ChatSession
from chat.queries.access import chat_session_of, deleted_chat_session_of
from chat.queries.sessions import chat_item
from chat.rendering.fragments import chat_item_fragment, notice, title_fragment
from chat.views.door import PageRequest, door, refusal
from chat.views.thread import list_context, page_context, thread_context


@door("GET", "HEAD")
def older(request: PageRequest) -> HttpResponse:
    """Show the chats touched before `?before=`: as more entries for htmx, as a page of its own without."""
    before = _moment(request.GET.get("before", ""))
    if request.htmx:
        context = {**list_context(request.user, before), "current": _shown(request)}
        return render(request, "chat/_chat_items.html", context)
    return render(request, "chat/page.html", {**page_context(request.user, None), **list_context(request.user, before)})


@door("GET", "HEAD", "POST")
def rename(request: PageRequest, chat_id: str) -> HttpResponse:
    chat = chat_session_of(request.user, chat_id)
    if request.method == "POST":
        return _renamed(request, chat)
    if not request.htmx:
        return render(request, "chat/rename.html", {"chat": chat, "title": chat.title})
    template = "chat/_chat_item.html" if "cancel" in request.GET else "chat/_chat_item_rename.html"
    return render(request, template, {"item": chat_item(chat), "current": _shown(request)})


@door("POST")
def delete(request: PageRequest, chat_id: str) -> HttpResponseBase:
    """Delete a chat; the toast that says so brings it back."""
    chat = chat_session_of(request.user, chat_id)
    actions.delete(chat_session=chat)
    if not request.htmx:
        return redirect(f"{reverse('chat:new')}?deleted={chat.public_id}")
    undo_url = reverse("chat:restore", args=[chat.public_id])
    response = HttpResponse(chat_item_fragment(chat_item(chat)) + notice("The chat was deleted.", undo_url=undo_url))
    return _left(request, response) if _shown(request) == chat.public_id else response


@door("POST")
def restore(request: PageRequest, chat_id: str) -> HttpResponseBase:
    chat = deleted_chat_session_of(request.user, chat_id)
    actions.restore(chat_session=chat)
    if not request.htmx:
        return redirect("chat:show", chat_id=chat.public_id)
    return HttpResponse(chat_item_fragment(chat_item(chat), current=_shown(request)))


def _renamed(request: PageRequest, chat: ChatSession) -> HttpResponse:
    form = TitleForm(request.POST)
    try:
        actions.rename(chat_session=chat, title=form.data.get("title", ""))
    except ActionError as error:
        if request.htmx:
            return refusal(request, error)
        context = {"chat": chat, "title": form.data.get("title", ""), "error": error.text}
        return render(request, "chat/rename.html", context, status=error.http_status)
    if not request.htmx:
        return redirect("chat:show", chat_id=chat.public_id)
    context = {"item": chat_item(chat), "current": _shown(request)}
    response = render(request, "chat/_chat_item.html", context)
    if _shown(request) == chat.public_id:
        response.write(title_fragment(chat.title))
    return response


def _left(request: PageRequest, response: HttpResponse) -> HttpResponse:
    """Put a new chat in the place of the deleted one that the page shows."""
    thread = render(request, "chat/_thread_swapped.html", thread_context(None))
    thread.write(response.content)
    thread["HX-Retarget"], thread["HX-Reswap"], thread["HX-Push-Url"] = "#thread", "outerHTML", reverse("chat:new")
    return thread


def _shown(request: PageRequest) -> str:
    """Return the id of the chat that the page behind an htmx request shows, or ""."""
    path = request.htmx.current_url_abs_path or ""
    parts = path.split("?")[0].strip("/").split("/")
    return parts[1] if len(parts) == 2 and parts[0] == "chat" else ""


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:  # well formed and impossible, such as 30 February
        moment = None
    if moment is None or is_naive(moment):
        raise InvalidRequest
    return moment
