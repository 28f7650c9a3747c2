"""The ASGI application: any ASGI server can run it; `manage.py serve` runs it best.

The first connection of an event loop starts what must run beside the requests there (`smail/lifetime`), unless the
server has done so already.
"""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smail.settings")
http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  # these need Django to be set up
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from chat.routing import websocket_urlpatterns  # noqa: E402
from chat.transports.origin import SameOrigin  # noqa: E402
from smail.lifetime import Alongside  # noqa: E402

socket = SameOrigin(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))

application = Alongside(ProtocolTypeRouter({"http": http, "websocket": socket}))
