"""Which pages may open a socket: only our own.

A browser sends cookies with a WebSocket handshake from any page, so the origin decides. It must be this very host
and port, as the request names them, or one of `CSRF_TRUSTED_ORIGINS`; without an origin there is no socket.
(Channels' `AllowedHostsOriginValidator` compares host names only, so any port of the same host passes it.)
"""

from __future__ import annotations

from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host


class SameOrigin:
    """ASGI middleware for the socket route."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in (b"origin", b"host")}
        if allowed(headers.get(b"origin", ""), headers.get(b"host", "")):
            return await self._application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


def allowed(origin: str, host: str) -> bool:
    """Return whether a page of this origin may open a socket at this host. Pure but for the settings."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    schemes = ("https",) if settings.HTTPS else ("http", "https")
    return any(origin == f"{scheme}://{host}" for scheme in schemes)
