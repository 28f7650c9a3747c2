"""The page's addresses. Ids are 22 URL-safe characters."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from chat.transports import sse
from chat.views import answers, messages, models, pages, sessions


class PublicId(StringConverter):
    regex = "[A-Za-z0-9_-]{22}"


register_converter(PublicId, "public_id")

app_name = "chat"

urlpatterns = [
    path("", pages.new, name="new"),
    path("list/", sessions.older, name="list"),
    path("models/", models.picker, name="models"),
    path("messages/", messages.send_new, name="send_new"),
    path("generations/<public_id:generation_id>/stop/", answers.stop, name="stop"),
    path("answers/<public_id:message_id>/retry/", answers.retry, name="retry"),
    path("answers/<public_id:message_id>/continue/", answers.continue_, name="continue"),
    path("<public_id:chat_id>/", pages.show, name="show"),
    path("<public_id:session_id>/stream", sse.page_stream, name="stream"),
    path("<public_id:chat_id>/messages/", messages.send, name="send"),
    path("<public_id:chat_id>/rename/", sessions.rename, name="rename"),
    path("<public_id:chat_id>/delete/", sessions.delete, name="delete"),
    path("<public_id:chat_id>/restore/", sessions.restore, name="restore"),
]
