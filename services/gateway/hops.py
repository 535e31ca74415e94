"""The way to a service in another process: ASGI in, HTTP out."""

import aiohttp
from starlette.types import Message, Receive, Scope, Send

from shared.problems import Unavailable
from shared.telemetry import log

# Headers that speak of one connection alone (RFC 9110 7.6.1), and those that aiohttp sets.
OF_ONE_HOP = frozenset(
    {
        b"connection",
        b"content-length",
        b"host",
        b"keep-alive",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
TIMEOUT = aiohttp.ClientTimeout(total=60, connect=3)
CONNECTIONS_MAX = 200


def open_session() -> aiohttp.ClientSession:
    """The connections of one gateway process to all services."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
        timeout=TIMEOUT,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


class HttpHop:
    """One service at an address."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self._base_url = base_url.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on and its answer back."""
        body = await _read(receive)
        query = scope["query_string"].decode("latin-1")
        url = self._base_url + scope["raw_path"].decode("latin-1") + ("?" + query if query else "")
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in scope["headers"]
            if name not in OF_ONE_HOP
        ]
        try:
            async with self._session.request(
                scope["method"], url, data=body or None, headers=headers, allow_redirects=False
            ) as answer:
                content = await answer.read()
                status = answer.status
                back = [
                    (name.lower(), value)
                    for name, value in answer.raw_headers
                    if name.lower() not in OF_ONE_HOP
                ]
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("service_unreachable", url=self._base_url, error=repr(error))
            await Unavailable().response()(scope, receive, send)
            return
        back.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": back})
        await send({"type": "http.response.body", "body": content})


async def _read(receive: Receive) -> bytes:
    message: Message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body
    chunks = [body]
    while message.get("more_body", False):
        message = await receive()
        chunks.append(message.get("body", b""))
    return b"".join(chunks)
