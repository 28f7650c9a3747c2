"""Where WebSockets lead."""

from __future__ import annotations

from django.urls import path

from chat.transports.consumers import ChatConsumer

websocket_urlpatterns = [path("ws/chat/", ChatConsumer.as_asgi())]
