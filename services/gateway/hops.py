"""The way to a service in another process: ASGI in, HTTP out."""

import re
from collections.abc import AsyncIterator

import aiohttp
from starlette.types import Message, Receive, Scope, Send

from shared.problems import Unavailable
from shared.service import WITH_BODY, is_upload
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
# A file takes as long as its sender's line takes.
UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=900, connect=3)
CONNECTIONS_MAX = 200
PIECE_BYTES = 262_144
FILE = re.compile(r"/v1/(attachments/[0-9a-fA-F-]{36}|exchange/attachments/[0-9a-f]{64})")


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
        """Pass a call on and its answer back; files go through piece by piece."""
        is_streamed = is_upload(scope["path"]) and scope["method"] in WITH_BODY
        query = scope["query_string"].decode("latin-1")
        url = self._base_url + scope["raw_path"].decode("latin-1") + ("?" + query if query else "")
        try:
            async with self._session.request(
                scope["method"],
                url,
                data=_pieces(receive) if is_streamed else await _read(receive) or None,
                headers=_headers(scope, is_streamed=is_streamed),
                allow_redirects=False,
                timeout=UPLOAD_TIMEOUT if is_streamed else TIMEOUT,
            ) as answer:
                back = [
                    (name.lower(), value)
                    for name, value in answer.raw_headers
                    if name.lower() not in OF_ONE_HOP
                ]
                if FILE.fullmatch(scope["path"]) and answer.content_length is not None:
                    back.append((b"content-length", str(answer.content_length).encode()))
                    await _pass_file(answer, back, send)
                    return
                content = await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("service_unreachable", url=self._base_url, error=repr(error))
            await Unavailable().response()(scope, receive, send)
            return
        back.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": back})
        await send({"type": "http.response.body", "body": content})


def _headers(scope: Scope, *, is_streamed: bool) -> list[tuple[str, str]]:
    kept = OF_ONE_HOP - {b"content-length"} if is_streamed else OF_ONE_HOP
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in scope["headers"]
        if name not in kept
    ]


async def _pass_file(
    answer: aiohttp.ClientResponse, headers: list[tuple[bytes, bytes]], send: Send
) -> None:
    """What breaks off on the way ends the caller's connection: its length says so."""
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    try:
        async for piece in answer.content.iter_chunked(PIECE_BYTES):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ConnectionError("a file broke off on its way") from error
    await send({"type": "http.response.body", "body": b""})


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise aiohttp.ClientConnectionError("the sender left")
        yield message.get("body", b"")
        more = message.get("more_body", False)


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
