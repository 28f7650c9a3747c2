"""The two whole pages: a new chat, and a chat."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from chat.queries.access import chat_session_of
from chat.views.door import PageRequest, door
from chat.views.thread import page_context


@door("GET", "HEAD")
def new(request: PageRequest) -> HttpResponse:
    """Show the page of a chat that begins with the first prompt; nothing is stored before."""
    deleted = request.GET.get("deleted", "")
    undo_url = reverse("chat:restore", args=[deleted]) if deleted.replace("-", "").replace("_", "").isalnum() else ""
    return render(request, "chat/page.html", {**page_context(request.user, None), "undo_url": undo_url})


@door("GET", "HEAD")
def show(request: PageRequest, chat_id: str) -> HttpResponse:
    chat = chat_session_of(request.user, chat_id)
    return render(request, "chat/page.html", page_context(request.user, chat))
