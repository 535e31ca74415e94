"""The peer that is played: it signs, rightly and wrongly, and says messages of its own."""

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import ED25519

from services.gateway.peers.rules import key_id
from services.gateway.peers.signing import COVERED, LABEL, LIFETIME, TAG, VerifyKey
from shared.exchange import MESSAGES_PATH, NDJSON, RECONCILIATION_PATH

JSON = "application/json"
KEYS_PATH = "/v1/exchange/keys"
FIRST_DAY = datetime(2001, 1, 1, tzinfo=UTC)
DAYS = 7_000


class Wrong(Exception):
    """What the other side does wrong; the text says it in Chinese."""


@dataclass
class _Call:
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> Any:  # noqa: ANN401
        return self._key


@dataclass(frozen=True)
class How:
    """How a request is signed; as it stands, rightly."""

    key: Ed25519PrivateKey | None = None
    key_id: str | None = None
    created: timedelta = timedelta()
    lives: timedelta = LIFETIME
    nonce: str | None = None
    covered: tuple[str, ...] = COVERED
    covers_body: bool = True
    tag: str | None = TAG


RIGHT = How()


class Peer:
    """Code and key of the peer that is played, and the way to the other side."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, *, code: str, key: Ed25519PrivateKey, name: str
    ) -> None:
        self.client, self.url, self.code = client, url.rstrip("/"), code
        self.key, self.key_id = key, name
        self.other = ""
        """The other side's code, once it was asked."""
        self.known: dict[str, VerifyKey] = {}
        """The keys that the other side publishes."""
        # A day of long ago, that nobody else told of: its tallies are ours alone.
        self.at = FIRST_DAY + timedelta(days=SystemRandom().randrange(DAYS), hours=3)
        self.taken: list[dict[str, Any]] = []
        """What the other side said that it took, as it was sent."""

    def headers(self, method: str, path: str, body: bytes, how: How = RIGHT) -> dict[str, str]:
        """The headers of a signed request."""
        call = _Call(method, self.url + path)
        created = datetime.now(UTC) + how.created
        HTTPMessageSigner(
            signature_algorithm=ED25519, key_resolver=_OneKey(how.key or self.key)
        ).sign(
            call,
            key_id=how.key_id or self.key_id,
            created=created,
            expires=created + how.lives,
            nonce=secrets.token_urlsafe(18) if how.nonce is None else how.nonce or None,
            label=LABEL,
            tag=how.tag,
            covered_component_ids=how.covered,
            body=(body or None) if how.covers_body else None,
        )
        return call.headers

    async def send(self, body: bytes, *, media: str = JSON, how: How = RIGHT) -> httpx.Response:
        """Send messages, signed over just this body."""
        headers = self.headers("POST", MESSAGES_PATH, body, how) | {"Content-Type": media}
        return await self.call("POST", MESSAGES_PATH, body, headers)

    async def call(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> httpx.Response:
        """One request. Raises `Wrong` where nobody answers."""
        try:
            return await self.client.request(
                method, self.url + path, content=body, headers=dict(headers)
            )
        except httpx.HTTPError as error:
            raise Wrong(f"没有应答：{error!r}") from error

    async def tell(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Send one message, and read the answer. Raises `Wrong`."""
        answer = await self.send(written(message))
        read = self._answer(answer, JSON)
        try:
            found = json.loads(read)
        except ValueError as error:
            raise Wrong(f"应答不是 JSON：{read[:80]!r}") from error
        self._note([message], [found])
        return _checked(found)

    async def tell_lines(self, lines: Iterable[Mapping[str, Any] | bytes]) -> list[dict[str, Any]]:
        """Send lines, and read their answers. Raises `Wrong`."""
        sent = list(lines)
        body = b"\n".join(one if isinstance(one, bytes) else written(one) for one in sent)
        answer = await self.send(body, media=NDJSON)
        read = self._answer(answer, NDJSON)
        try:
            found = [json.loads(line) for line in read.split(b"\n") if line.strip()]
        except ValueError as error:
            raise Wrong("应答的某一行不是 JSON") from error
        told = [one for one in sent if not isinstance(one, bytes) or one.strip()]
        if len(found) != len(told):
            raise Wrong(f"送了 {len(told)} 行，答了 {len(found)} 行")
        self._note(told, found)
        return [_checked(one) for one in found]

    async def reconcile(self, query: str) -> dict[str, Any]:
        """Ask what came of a day. Raises `Wrong`."""
        path = f"{RECONCILIATION_PATH}?{query}"
        answer = await self.call("GET", path, b"", self.headers("GET", path, b""))
        found: dict[str, Any] = json.loads(self._answer(answer, JSON))
        return found

    def message(self, subject: str | None = None, sequence: int = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """A message of a ticket of ours: filed first, and reports of progress after."""
        payload = FILED if sequence == 1 else PROGRESSED
        return {
            "specversion": "1.0",
            "id": str(uuid4()),
            "from": self.code,
            "to": self.other,
            "subject": subject or str(uuid4()),
            "sequence": sequence,
            "time": (self.at + timedelta(minutes=sequence)).isoformat(),
            "kind": "ticket" if sequence == 1 else "act",
            "payload": payload,
        } | more

    def _answer(self, answer: httpx.Response, media: str) -> bytes:
        if answer.status_code != 200:
            raise Wrong(f"应答 {answer.status_code}，应为 200：{answer.text[:120]}")
        said = answer.headers.get("content-type", "").partition(";")[0].strip()
        if said != media:
            raise Wrong(f"应答的 Content-Type 是 {said or '空'}，应为 {media}")
        return answer.content

    def _note(self, sent: Iterable[Any], answers: Iterable[Any]) -> None:
        for message, answer in zip(sent, answers, strict=True):
            is_taken = isinstance(answer, dict) and answer.get("status") in (
                "accepted",
                "set_aside",
            )
            if is_taken and not isinstance(message, bytes):
                self.taken.append(dict(message))


FILED = {
    "type": "ticket.created",
    "data": {
        "number": "CHECK-1",
        "jurisdiction": "512000",
        "request_type": "help",
        "title": "对接自检",
        "content": "对接自检所发，不是真实诉求。",
        "channel": "system",
        "policy": "none",
    },
}
PROGRESSED = {"type": "ticket.progressed", "data": {"unit": "CHECK", "text": "对接自检"}}


def written(message: Mapping[str, Any]) -> bytes:
    """A message as it goes."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def name_of(code: str, key: Ed25519PrivateKey) -> str:
    """What a key is called where nothing else is said."""
    return key_id(code, key.public_key().public_bytes_raw())


def public_of(key: Ed25519PrivateKey) -> str:
    """The public key, for whoever registers it."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def _checked(answer: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    if not isinstance(answer, dict) or not isinstance(answer.get("status"), str):
        raise Wrong("逐行答复应为带 status 的对象")
    return answer
