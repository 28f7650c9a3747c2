"""The ASGI application: any ASGI server can run it; `manage.py serve` runs it best."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smail.settings")
http = get_asgi_application()

application = ProtocolTypeRouter({"http": http})
