"""An intake whose master key and suite can be changed, as by a restart with other settings."""

import hashlib
import hmac
import os
from typing import Any
from uuid import UUID

import httpx
import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.intake.app import make_app
from shared.crossing import GATEWAY
from shared.events.words import Role, Service
from shared.runtime import Runtime, open_runtime
from tests.harness import Harness, token

FIRST, SECOND = "the first master key of a test " * 2, "the second master key of a test " * 2
CALLER = {"name": "测试人", "phone": "138 0000 1234", "address": "幸福小区三栋一单元"}
REQUEST = {
    "jurisdiction": "512000",
    "type": "help",
    "content": "幸福小区从昨晚起停水，至今没有恢复。",
    "channel": "phone",
    "caller": CALLER,
}
BEFORE = {"identity_key": FIRST}
ROLLING = {
    "identity_key": SECOND,
    "identity_key_version": 2,
    "identity_keys_other": f"1:{FIRST}",
}
AFTER = {"identity_key": SECOND, "identity_key_version": 2}
REVEAL = {"purpose": "核实地址"}


class Desk:
    """One process of intake after the other, or side by side, on one database."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness

    async def runtime(self, **settings: Any) -> Runtime:
        """A runtime with settings of its own."""
        changed = self._harness.settings.model_copy(update=settings)
        opened = open_runtime(Service.INTAKE, changed, self._harness.clock)
        return await self._harness.stack.enter_async_context(opened)

    async def start(self, role: Role = Role.OPERATOR, **settings: Any) -> httpx.AsyncClient:
        """A process with these settings, as somebody of this role calls it."""
        return await self.client(await self.runtime(**settings), role)

    async def client(self, runtime: Runtime, role: Role) -> httpx.AsyncClient:
        """An app of its own on a runtime; the place's requests are taken."""
        app = make_app(runtime)
        admin = token(self._harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
        client = await self._harness.client(app, admin)
        put = await client.put("/v1/jurisdictions/512000", json={"name": "资阳市"})
        assert put.is_success, put.text
        subject = GATEWAY if role is Role.PLATFORM else None
        bearer = token(self._harness.settings, role, subject=subject)
        return await self._harness.client(app, bearer)


async def file(client: httpx.AsyncClient, **changes: Any) -> UUID:
    """File a request; return its ticket."""
    answer = await client.post("/v1/tickets", json=REQUEST | changes)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


async def reveal(client: httpx.AsyncClient, ticket: UUID) -> Any:
    """Who called."""
    answer = await client.post(f"/v1/tickets/{ticket}/reveal-caller", json=REVEAL)
    return answer.json()


async def sealed(runtime: Runtime, ticket: UUID) -> bytes:
    """What is kept of a ticket's caller."""
    found: bytes = await runtime.database.pool.fetchval(
        "SELECT identity FROM tickets WHERE id = $1", ticket
    )
    return found


async def forget_keys(runtime: Runtime, ticket: UUID) -> None:
    """Leave a ticket, its caller and the platform as the release before data keys left them."""
    nonce = os.urandom(12)
    cipher = AESGCM(_derive(b"seal"))
    identity = b"\x01" + nonce + cipher.encrypt(nonce, orjson.dumps(CALLER), ticket.bytes)
    index = hmac.digest(_derive(b"index"), b"13800001234", hashlib.sha256)
    async with runtime.database.pool.acquire() as connection:
        await connection.execute("DELETE FROM data_keys")
        await connection.execute("UPDATE callers SET phone_index = $1", index)
        await connection.execute("UPDATE tickets SET identity = $1", identity)


def _derive(purpose: bytes) -> bytes:
    return hmac.digest(FIRST.encode(), b"hotline-12345 " + purpose, hashlib.sha256)
