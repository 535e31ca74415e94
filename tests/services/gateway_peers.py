"""A gateway with peers: who registers them, and who signs as one of them."""

from base64 import b64encode
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from services.gateway.app import make_app
from services.gateway.peers.keys import make_pair
from services.gateway.peers.rules import Algorithm
from services.gateway.peers.signing import SigningKey, sign_headers
from shared.events.words import Role, Service
from shared.runtime import Runtime
from shared.security import Principal, TokenReader
from tests.harness import Harness, token

TICKET = "/v1/tickets/01a1ff6b-3698-74a7-bb95-d23c2acab522"
HOST = "http://test"
CITY = {"name": "资阳市12345平台", "kind": "child", "url": "https://ziyang.example"}
CENTER = {"name": "供水热线", "kind": "subcenter", "unit": "512000-water"}


class SignedAs(httpx.Auth):
    """Signs every request of a client."""

    requires_request_body = True

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign, then send."""
        url = str(request.url)
        request.headers.update(sign_headers(request.method, url, request.content, self._key))
        yield request


@dataclass
class Behind:
    """A service behind the door: it remembers who asked, and what was sent."""

    secret: str
    asked: list[Principal] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answer: Any = field(default_factory=lambda: {"ok": True})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = dict(scope["headers"])
        bearer = headers[b"authorization"].decode()
        self.asked.append(TokenReader(self.secret).read(bearer))
        self.bodies.append(body)
        await JSONResponse(self.answer)(scope, receive, send)


@dataclass
class Gate:
    """One gateway, the service behind it, and its administrators."""

    harness: Harness
    runtime: Runtime
    behind: Behind
    client: httpx.AsyncClient

    async def person(self, role: Role) -> httpx.AsyncClient:
        """A client with a person's token."""
        app: Any = self.client._transport.app  # type: ignore[attr-defined]
        return await self.harness.client(app, token(self.harness.settings, role))

    async def join(
        self,
        code: str,
        words: Mapping[str, Any],
        *,
        algorithm: Algorithm = Algorithm.ED25519,
        **more: Any,
    ) -> SigningKey:
        """Register a peer and a key of it; returns the key that signs as it."""
        administrator, security = [
            await self.person(role) for role in (Role.ADMINISTRATOR, Role.SECURITY)
        ]
        put = await administrator.put(f"/v1/peers/{code}", json=dict(words))
        assert put.status_code == 200, put.text
        pair = make_pair(algorithm)
        key = SigningKey(f"{code}.{len(self.behind.bodies)}", algorithm, pair.private)
        public = b64encode(pair.public).decode()
        body = {"key_id": key.key_id, "algorithm": algorithm, "public_key": public, **more}
        made = await security.post(f"/v1/peers/{code}/keys", json=body)
        assert made.status_code == 201, made.text
        return key

    async def send(
        self,
        key: SigningKey,
        path: str,
        body: bytes = b"{}",
        *,
        method: str = "POST",
        client: httpx.AsyncClient | None = None,
        **changed: str,
    ) -> httpx.Response:
        """Send a signed request; `changed` headers replace what was signed."""
        headers = sign_headers(method, HOST + path, body, key) | changed
        return await (client or self.client).request(method, path, content=body, headers=headers)


async def open_gate(harness: Harness, **settings: Any) -> Gate:
    """A gateway with one service behind it."""
    base = harness.settings
    harness.settings = base.model_copy(update=settings)
    runtime = await harness.runtime(Service.GATEWAY)
    harness.settings = base
    behind = Behind(base.token_secret)
    app = make_app(runtime, {Service.DISPATCH: behind, Service.INTAKE: behind})
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    client = await harness.stack.enter_async_context(
        httpx.AsyncClient(transport=transport, base_url=HOST)
    )
    return Gate(harness, runtime, behind, client)


def code_of(answer: httpx.Response) -> str:
    """The code of a problem, or the status of what was let in."""
    return str(answer.json().get("code", answer.status_code))
