"""Where programs find their streams: the part of the HTTP API under `/api/v1/` that flows."""

from __future__ import annotations

from django.urls import path

from chat.transports import programs

app_name = "api"

urlpatterns = [
    path("chat/message/stream", programs.message_stream, name="message_stream"),
    path("generations/<str:generation_id>/events", programs.generation_events, name="generation_events"),
    path("generations/<str:generation_id>/stop", programs.stop, name="generation_stop"),
]
