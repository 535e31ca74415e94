"""The content of attachments: given to the platform that was told of them, and to nobody else.

A message names a file by its digest; who is told fetches it here. The content stays with intake
and passes through piece by piece.
"""

import base64
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.calls import LIFETIME, OURS
from services.gateway.exchange.api import sender_of
from shared.answers import problems_of
from shared.events.words import Service
from shared.exchange import SHA256_PATTERN
from shared.problems import Malformed, NotAllowed, NotFound, Unauthenticated, Unavailable
from shared.security import Caller, issue_token
from shared.service import runtime_of

# The newest: an older one of the same content may be about to be erased.
FIND = """SELECT attachment FROM files_out WHERE peer = $1 AND sha256 = $2 AND is_named
ORDER BY attachment DESC LIMIT 1"""
OF_FILE = (b"content-type", b"content-length")
BINARY = {"schema": {"type": "string", "format": "binary"}}
PROBLEMS = problems_of(Malformed, Unauthenticated, NotAllowed, NotFound, Unavailable)
router = APIRouter(prefix="/v1/exchange", tags=["exchange"], responses=PROBLEMS)


@router.get(
    "/attachments/{sha256}",
    summary="取附件的内容",
    response_class=Response,
    responses={200: {"description": "文件内容", "content": {"application/octet-stream": BINARY}}},
)
async def give(
    sha256: Annotated[str, Path(pattern=SHA256_PATTERN, description="内容的 SHA-256")],
    request: Request,
    caller: Caller,
) -> Response:
    """转办或答复中告知过的附件，只给被告知的平台；没有告知过的、已删除的均答 404 (F2, F4)."""
    runtime, sender = runtime_of(request), sender_of(caller)
    async with runtime.database.pool.acquire() as connection:
        found = await connection.fetchval(FIND, sender, sha256)
    if found is None:
        raise NotFound
    token = issue_token(OURS, runtime.settings.token_secret, lifetime=LIFETIME)
    hops: Mapping[Service, ASGIApp] = request.app.state.hops
    return PassedOn(hops[Service.INTAKE], found, sha256, token)


class PassedOn(Response):
    """A file of intake's, without its name: that may be personal."""

    def __init__(self, intake: ASGIApp, attachment: UUID, sha256: str, token: str) -> None:
        super().__init__()
        self._intake = intake
        self._path = f"/v1/attachments/{attachment}"
        self._token = token
        digest = base64.b64encode(bytes.fromhex(sha256)).decode()
        self._digest = f"sha-256=:{digest}:".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask intake, and pass its answer back as it comes."""
        names = ("type", "asgi", "http_version", "method", "scheme", "client", "server")
        asked = {name: scope[name] for name in names} | {
            "path": self._path,
            "raw_path": self._path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {self._token}".encode())],
        }

        async def send_plain(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                kept = [pair for pair in message["headers"] if pair[0].lower() in OF_FILE]
                kept += [(b"content-digest", self._digest), (b"cache-control", b"no-store")]
                message = {**message, "headers": kept}
            await send(message)

        await self._intake(asked, receive, send_plain)
