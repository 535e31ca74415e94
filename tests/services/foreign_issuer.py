"""Another vendor's OpenID Connect issuer, over real HTTP: its own claims, keys and manners."""

import base64
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET = "hotline-512000", "a secret of the client's own"


class Key:
    """A signing key of the issuer's."""

    def __init__(self) -> None:
        self.id = uuid4().hex
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def public(self) -> dict[str, Any]:
        jwk: dict[str, Any] = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return jwk | {"kid": self.id, "use": "sig"}


@dataclass
class ForeignIssuer:
    """Vouches for whoever a test says; `changed` spoils the next ID tokens."""

    url: str = ""
    key: Key = field(default_factory=Key)
    published: list[Key] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    is_broken: bool = False

    def vouch(self, address: str, *, number: str, subject: str) -> dict[str, str]:
        """Somebody logs in at the address; what their browser brings back."""
        query = dict(parse_qsl(urlsplit(address).query))
        code = uuid4().hex
        self.asked[code] = query | {"number": number, "subject": subject}
        return {"code": code, "state": query["state"]}

    async def discovery(self, request: web.Request) -> web.Response:
        self.fetched.append("discovery")
        if self.is_broken:
            return web.Response(status=500, text="down")
        return web.json_response(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/login?tenant=512000",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "end_session_endpoint": f"{self.url}/goodbye",
            }
        )

    async def keys(self, request: web.Request) -> web.Response:
        self.fetched.append("keys")
        shown = [one.public() for one in self.published or [self.key]]
        strange = {"kty": "XYZ", "kid": "of no use"}
        return web.json_response({"keys": [strange, *shown]})

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = self.asked.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or asked["code_challenge"] != challenge:
            return web.json_response({"error": "invalid_grant"}, status=400)
        if (form["client_id"], form.get("client_secret")) != (CLIENT, SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        assert form["redirect_uri"] == asked["redirect_uri"]
        return web.json_response({"token_type": "Bearer", "id_token": self.id_token(asked)})

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "sub": asked["subject"],
            "aud": [CLIENT],
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            "employeeNumber": asked["number"],
        }
        claims = {
            name: value for name, value in (claims | self.changed).items() if value is not None
        }
        headers = {"kid": self.key.id}
        if self.algorithm == "none":
            return jwt.encode(claims, None, "none", headers=headers)
        if self.algorithm == "HS256":
            public = str(self.key.public()["n"]).encode()
            return jwt.encode(claims, public, "HS256", headers=headers)
        return jwt.encode(claims, self.key.private, self.algorithm, headers=headers)


@asynccontextmanager
async def open_issuer() -> AsyncIterator[ForeignIssuer]:
    """The issuer, on a port of its own."""
    issuer = ForeignIssuer()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", issuer.discovery)
    app.router.add_get("/keys", issuer.keys)
    app.router.add_post("/token", issuer.token)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield issuer
    finally:
        await runner.cleanup()
