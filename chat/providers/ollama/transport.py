"""How httpx's requests reach the wire: through aiohttp, one connection for each request.

httpx's own pool looks at every connection for every request and takes locks for every read; with hundreds of open
streams that is most of the CPU (docs/decisions/0001-reading-from-ollama.md has the figures). So httpx stays what
the provider speaks, and this moves the bytes. No limit of connections, no pool, no time-out of its own.
"""

from __future__ import annotations

import ssl
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from yarl import URL

from chat.providers.ollama.address import is_loopback

# Read ahead while the runner is busy: a token that waits for a slow reader can hang a whole model (Ollama's
# issue 17131), so the socket must not back up.
READ_AHEAD_BYTES = 1024 * 1024


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Serves one event loop: the session is made at the first request."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._tls: ssl.SSLContext | None = httpx.create_ssl_context() if url.startswith("https:") else None
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        limits = request.extensions.get("timeout", {})
        with _mapped(request):
            response = await self._opened().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=limits.get("connect"), sock_read=limits.get("read")),
            )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response, request))

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # A kept connection may be closed by the server just as it is used again, and a POST that failed so
                # may not be sent twice in silence. A new one costs 0.1 ms and an answer takes seconds.
                connector=aiohttp.TCPConnector(limit=0, force_close=True, ssl=self._tls or True),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=READ_AHEAD_BYTES,
                trust_env=not is_loopback(self._url),
            )
            # For whoever drops it unclosed, its event loop being gone: a session that is not detached complains.
            weakref.finalize(self, self._session.detach)
        return self._session


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _mapped(self._request):
            while data := await self._response.content.readany():
                yield data

    async def aclose(self) -> None:
        # Not release(): this closes the socket now, which is how a model is told to stop.
        self._response.close()


@contextmanager
def _mapped(request: httpx.Request) -> Iterator[None]:
    """Turn aiohttp's errors into httpx's."""
    try:
        yield
    except (TimeoutError, aiohttp.ConnectionTimeoutError) as error:
        kind = httpx.ConnectTimeout if isinstance(error, aiohttp.ConnectionTimeoutError) else httpx.ReadTimeout
        raise kind(str(error), request=request) from error
    except (aiohttp.ClientHttpProxyError, aiohttp.ClientProxyConnectionError) as error:
        raise httpx.ProxyError(str(error), request=request) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error), request=request) from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise httpx.UnsupportedProtocol(str(error), request=request) from error
    except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError) as error:
        raise httpx.RemoteProtocolError(str(error), request=request) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error), request=request) from error
