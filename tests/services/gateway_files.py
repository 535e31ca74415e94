"""Two gateways and what intake keeps behind each: a file crosses between them."""

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.app import make_app
from services.gateway.calls import Calls
from services.gateway.exchange.outgoing import Telling
from services.gateway.federation import files
from services.gateway.federation.delivering import deliver_due
from services.gateway.federation.fetching import fetch_due
from services.gateway.peers.queries import read_signing_key
from services.gateway.peers.signing import sign_headers
from shared.crossing import FORWARD, Forward
from shared.events.words import RequestType, Service
from shared.exchange import ATTACHMENTS_PATH, Kind
from tests.services.gateway_exchange import CITY, DAY, PROVINCE, Pair, Platform

PHOTO = b"\x89PNG\r\n\x1a\n" + b"photo" * 100
SHA256 = hashlib.sha256(PHOTO).hexdigest()


@dataclass
class Shelf:
    """Intake of one platform: it gives what it has, and remembers what it was asked to keep."""

    has: dict[str, bytes] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    on_ticket: list[dict[str, Any]] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    replied: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    ticket: str = field(default_factory=lambda: str(uuid4()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].rpartition("/")[2]
        if scope["method"] == "GET":
            found = self.has.get(name)
            answer = Response(found or b"", 404 if found is None else 200, media_type="image/png")
            await answer(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status, told = self.answers.get(scope["path"]) or (201, self._take(scope["path"], body))
        headers = {"Ticket-Seen": f"{self.ticket} intake=7"}
        await JSONResponse(told, status, headers=headers)(scope, receive, send)

    def _take(self, path: str, body: bytes) -> dict[str, Any]:
        if path == "/v1/attachments":
            found = self.kept.setdefault(hashlib.sha256(body).hexdigest(), str(uuid4()))
            return {"id": found}
        told = orjson.loads(body)
        if path.endswith("/attachments"):
            self.on_ticket.append(told)
        elif path.endswith("/amend"):
            self.added.append(told["addition"])
        elif path.endswith("/reply"):
            self.replied.append(told)
        return {"id": self.ticket}


@dataclass
class Two:
    """A city and its province, each with a shelf, and the photo that the city has."""

    city: Platform
    province: Platform
    shelves: dict[str, Shelf]
    ways: dict[str, ASGIApp] = field(default_factory=dict)
    photo: str = field(default_factory=lambda: str(uuid4()))
    ticket: str = field(default_factory=lambda: str(uuid4()))

    async def forward(self, **described: Any) -> None:
        """The city forwards the ticket with its photo, and the province takes it."""
        self.shelves[CITY].has[self.photo] = PHOTO
        file = {"id": self.photo, "kind": "evidence", "media_type": "image/png"}
        file |= {"bytes": len(PHOTO), "sha256": SHA256} | described
        told = Telling(
            PROVINCE, self.ticket, Kind.FORWARD, DAY, f"f {self.ticket}", FORWARD, words(file)
        )
        named = {"attachment": self.photo, "sha256": file["sha256"]}
        async with self.city.runtime.database.pool.acquire() as connection:
            noted = files.Noted(PROVINCE, UUID(self.ticket), named, is_named=True)
            await files.note(connection, [noted])
        await self.city.tell(self.province, told)
        await self.city.send_all(self.province)
        await self.deliver(self.province)

    async def deliver(self, at: Platform) -> None:
        """Deliver what came, as the worker does."""
        while await deliver_due(at.runtime, self.calls(at)):
            pass

    async def fetch(self, at: Platform, times: int = 1) -> list[tuple[str, str]]:
        """Look so often for what is to be fetched; what became of all of it."""
        for _ in range(times):
            await at.runtime.database.pool.execute("UPDATE files_in SET next_at = now()")
            await fetch_due(at.runtime, self.calls(at), at.session)
        rows = await at.fetch("SELECT state, problem FROM files_in ORDER BY origin_attachment")
        return [(row["state"], row["problem"] or "") for row in rows]

    def calls(self, at: Platform) -> Calls:
        """The ways to a platform's services."""
        way = self.ways.get(at.code, self.shelves[at.code])
        return Calls(dict.fromkeys(Service, way), at.runtime.settings)


def words(file: dict[str, Any]) -> dict[str, Any]:
    forward = Forward.model_validate(
        {
            "number": "512000-260302-0000001",
            "jurisdiction": CITY,
            "request_type": RequestType.COMPLAINT,
            "title": "国道破损",
            "content": "路面塌陷。",
            "accepted_at": DAY,
            "forwarded_at": DAY,
            "attachments": [file],
        }
    )
    return forward.model_dump(mode="json", exclude_none=True)


def shelve(pair: Pair) -> dict[str, Shelf]:
    """A shelf behind each of two gateways."""
    shelves = {}
    for one in pair:
        shelves[one.code] = shelf = Shelf()
        one.weather.app = make_app(one.runtime, {Service.INTAKE: shelf})
    return shelves


async def ask(
    who: Platform, of: Platform, sha256: str = SHA256
) -> tuple[int, bytes, dict[str, str]]:
    """What a platform is answered that asks another for a file."""
    url = f"{of.url}{ATTACHMENTS_PATH}/{sha256}"
    async with who.runtime.database.pool.acquire() as connection:
        key = await read_signing_key(connection, who.runtime.settings)
    headers = sign_headers("GET", url, b"", key)
    async with who.session.get(url, headers=headers) as answer:
        return answer.status, await answer.read(), dict(answer.headers)
