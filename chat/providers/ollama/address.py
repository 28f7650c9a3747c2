"""Where the model server is: every form that Ollama itself accepts in OLLAMA_HOST, made one base URL.

The rules are those of Ollama's own client: no scheme means http and port 11434, a scheme without a port means the
scheme's port, a base path is kept. An address to listen on (0.0.0.0, ::) becomes the loopback address to talk to.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

DEFAULT_PORT = 11434
SCHEME_PORTS = {"http": 80, "https": 443}
LISTEN_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def base_url(text: str) -> str:
    """Return `scheme://host:port/path/`, always with the closing slash."""
    text = text.strip().strip("\"'")
    scheme, has_scheme, rest = text.partition("://")
    if not has_scheme:
        scheme, rest = "http", text
        if rest == "ollama.com":
            scheme, has_scheme = "https", "://"
    scheme = scheme.lower()
    host_port, _, path = rest.partition("/")
    host, port = _split(host_port)
    if port is None:
        port = SCHEME_PORTS.get(scheme, DEFAULT_PORT) if has_scheme else DEFAULT_PORT
    host = LISTEN_ANYWHERE.get(host, host)
    path = path.strip("/")
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/{f'{path}/' if path else ''}"


def is_loopback(url: str) -> bool:
    """Say whether the server is on this machine, where a proxy of the environment must not be asked."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(host_port: str) -> tuple[str, int | None]:
    """Split host and port; a port that is none is forgotten, as Ollama does."""
    if host_port.startswith("["):
        host, _, port = host_port[1:].partition("]")
        port = port.removeprefix(":")
    elif host_port.count(":") > 1:
        host, port = host_port, ""  # a bare IPv6 address
    else:
        host, _, port = host_port.partition(":")
    is_port = port.isascii() and port.isdigit() and int(port) <= 65535
    return host or "127.0.0.1", int(port) if is_port else None
