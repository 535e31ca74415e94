"""The door of the foreign platform: what it takes, and what it answers."""

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.foreign.store import Store, canonical, digest_of, sum_of, utc
from tests.foreign.wire import Key, Refused, signed, verify

PROFILE = "/v1/exchange"
MESSAGES, RECONCILIATION, KEYS = (
    f"{PROFILE}/{name}" for name in ("messages", "reconciliation", "keys")
)
ATTACHMENTS = "/v1/exchange/attachments/{sha256}"
NDJSON, ONE = "application/x-ndjson", "application/json"
LINES_MAX, BYTES_MAX = 10_000, 32 * 2**20
CODE = re.compile(r"[0-9A-Za-z]{2,24}")
KINDS = ("ticket", "act", "result", "rating", "call", "article", "order", "directory", "forward")
OF_TICKETS = ("ticket", "act", "result", "rating", "forward")
SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas" / "exchange"


@dataclass
class Peer:
    """Another platform: where it is, and the keys that its operators gave us."""

    code: str
    url: str = ""
    keys: dict[str, Ed25519PublicKey] = field(default_factory=dict)


class Door:
    """What others reach. Everything that a broken one does otherwise is a method of its own."""

    def __init__(self, code: str, key: Key, store: Store | None = None) -> None:
        self.code, self.key = code, key
        self.store = store or Store()
        self.peers: dict[str, Peer] = {}
        self.files: dict[tuple[str, str], bytes] = {}

    def app(self) -> Starlette:
        """What answers others."""
        return Starlette(routes=self.routes())

    def routes(self) -> list[Route]:
        """What others may ask."""
        return [
            Route(MESSAGES, self._guarded(self.messages), methods=["POST"]),
            Route(RECONCILIATION, self._guarded(self.reconciliation), methods=["GET"]),
            Route(ATTACHMENTS, self._guarded(self.attachment), methods=["GET"]),
            Route(KEYS, self.keys, methods=["GET"]),
            Route(PROFILE, self._guarded(self.profile), methods=["GET"]),
        ]

    async def keys(self, _: Request) -> Response:
        """The keys by which others know us."""
        key = {"key_id": self.key.key_id, "algorithm": "ed25519", "public_key": self.key.public()}
        return answer_json({"platform": self.code, "keys": [key | {"signs_from": SIGNS_FROM}]})

    async def profile(self, _: Request, __: bytes, ___: str) -> Response:
        """What we act on, and the keys by which others seal identities for us, signed."""
        return answer_json(signed(self.told_of_us(), self.key))

    def told_of_us(self) -> dict[str, Any]:
        """What stands in our profile: here nothing is acted on, and nothing can be opened."""
        until = datetime.fromtimestamp(time.time() + PROFILE_SECONDS, UTC).isoformat()
        told = {"specversion": "1.0", "platform": self.code, "valid_until": until}
        return told | {"kinds": [], "sealing_keys": []}

    def _guarded(self, answer: Any) -> Any:
        async def guarded(request: Request) -> Response:
            try:
                body = await self.body(request)
                return await answer(request, body, self.who(request, body))
            except Refused as refused:
                return _problem(refused)

        return guarded

    async def body(self, request: Request) -> bytes:
        """What was sent. Raises `Refused`."""
        body = await request.body()
        if len(body) > BYTES_MAX:
            raise Refused(413, "too_large")
        return body

    def who(self, request: Request, body: bytes) -> str:
        """The code of the peer that signed. Raises `Refused`."""
        owners = {name: peer for peer in self.peers.values() for name in peer.keys}
        path, query = request.scope["raw_path"].decode(), request.scope["query_string"].decode()
        url = f"{request.url.scheme}://{request.headers['host']}{path}" + (query and f"?{query}")
        key_id, nonce = verify(
            request.method,
            url,
            request.headers.items(),
            body,
            lambda name: owners[name].keys[name] if name in owners else None,
        )
        if not self.store.is_fresh(key_id, nonce):
            raise Refused(401, "nonce_used")
        return owners[key_id].code

    async def messages(self, request: Request, body: bytes, sender: str) -> Response:
        """One message, or a line for each."""
        media = request.headers.get("content-type", "").partition(";")[0].strip()
        if media not in (ONE, NDJSON):
            raise Refused(415, "unsupported_media_type")
        if media == ONE:
            [answer] = self.take_all(sender, [(1, body)])
            return answer_json(answer)
        lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
        if len(lines) > LINES_MAX:
            raise Refused(413, "too_large")
        text = "".join(
            json.dumps(one, ensure_ascii=False) + "\n" for one in self.take_all(sender, lines)
        )
        return Response(text, media_type=NDJSON)

    def take_all(self, sender: str, lines: list[tuple[int, bytes]]) -> list[dict[str, Any]]:
        """Take what came, in one transaction; an answer for each line."""
        self.store.begin()
        try:
            answers = [{"line": number, **self.take(sender, line)} for number, line in lines]
        except BaseException:
            self.store.rollback()
            raise
        self.store.commit()
        return answers

    def take(self, sender: str, line: bytes) -> dict[str, Any]:
        """Judge one message, in the order of the specification."""
        try:
            message = self.read(sender, line)
        except (ValueError, KeyError, TypeError) as error:
            return _refused(None, "malformed", str(error))
        name, subject, sequence = message["id"], message["subject"], message["sequence"]
        known = self.store.by_id(sender, name)
        if known is not None:
            same = (subject, sequence, digest_of(message)) == known[1:]
            return {"id": name, "status": "duplicate"} if same else _refused(name, "id_reused", "")
        last, is_waiting = self.store.last(sender, subject)
        if sequence > last + 1:
            return {"id": name, "status": "out_of_order", "expected": last + 1}
        if self.store.by_place(sender, subject, sequence) is not None:
            return _refused(name, "sequence_reused", "")
        aside = "前面有搁置的消息" if is_waiting else self.poison(message)
        if aside is None:
            try:
                self.took(sender, message)
            except Refused as refused:
                aside = str(refused)
        self.store.keep(sender, message, aside)
        if aside is None:
            return {"id": name, "status": "accepted"}
        return {"id": name, "status": "set_aside", "problem": _body(422, "set_aside", aside)}

    def read(self, sender: str, line: bytes) -> dict[str, Any]:
        """The envelope. Raises what reading it raises where it is none."""
        message: dict[str, Any] = json.loads(line, parse_constant=_no_number)
        message["id"] = str(UUID(message["id"]))
        payload = message["payload"]
        right = (
            message["specversion"] == "1.0",
            message["from"] == sender and CODE.fullmatch(sender),
            message["to"] == self.code,
            0 < len(message["subject"]) <= 100,
            type(message["sequence"]) is int and 0 < message["sequence"] < 2**31,
            message["kind"] in KINDS,
            0 < len(payload["type"]) <= 100 and isinstance(payload["data"], dict),
        )
        utc(message["time"])
        if message["kind"] in OF_TICKETS:
            UUID(message["subject"])
        canonical(payload)
        if not all(right):
            raise ValueError(f"field {right.index(False) + 1} of the envelope")
        return message

    def took(self, sender: str, message: dict[str, Any]) -> None:
        """A message was taken: here nothing more is done. Raises `Refused` to set it aside."""

    def poison(self, message: dict[str, Any]) -> str | None:
        """Why a payload cannot be used: the published schema of its type says."""
        file = SCHEMAS / f"{message['payload']['type']}.json"
        if not file.is_file():
            return None
        schema = json.loads(file.read_text("utf-8"))["properties"]
        if message["kind"] != schema["kind"]["const"]:
            return "kind"
        needed = schema["payload"]["properties"]["data"].get("required", [])
        missing = [name for name in needed if message["payload"]["data"].get(name) is None]
        return f"data.{missing[0]}" if missing else None

    async def attachment(self, request: Request, _: bytes, sender: str) -> Response:
        """A file that the peer was told of. Raises `Refused`."""
        content = self.files.get((sender, request.path_params["sha256"]))
        if content is None:
            raise Refused(404, "not_found")
        return Response(content)

    async def reconciliation(self, request: Request, _: bytes, sender: str) -> Response:
        """What came of a day."""
        return answer_json(self.tallies("received", sender, dict(request.query_params)))

    def tallies(self, table: str, peer: str, asked: dict[str, str]) -> dict[str, Any]:
        """A day's messages by kind; of one kind by hour; of one hour each."""
        day, kind = asked.get("day", ""), asked.get("kind")
        hour = int(asked["hour"]) if "hour" in asked else None
        rows = self.store.day(table, peer, day)
        found = [row for row in rows if kind in (None, row[0]) and hour in (None, row[1])]
        groups: dict[tuple[str, int | None], list[str]] = {}
        for of_kind, at, _, digest in found:
            groups.setdefault((of_kind, None if kind is None else at), []).append(digest)
        tallies = [
            {"kind": name[0], "hour": name[1], "count": len(some), "digest": sum_of(some)}
            for name, some in sorted(groups.items())
        ]
        is_narrow = kind is not None and hour is not None
        marks = [{"id": row[2], "digest": row[3]} for row in found] if is_narrow else []
        answer = {"day": day, "kind": kind, "hour": hour, "tallies": tallies, "marks": marks}
        return {name: value for name, value in answer.items() if value is not None}


SIGNS_FROM = "2026-01-01T00:00:00Z"
PROFILE_SECONDS = 3600


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _refused(message_id: str | None, code: str, detail: str) -> dict[str, Any]:
    return {"id": message_id, "status": "refused", "problem": _body(422, code, detail)}


def _body(status: int, code: str, detail: str) -> dict[str, Any]:
    body = {"type": f"urn:12345:problem:{code}", "title": code, "status": status, "code": code}
    errors = [{"field": "body", "code": code, "message": detail}]
    return body | {"detail": detail or code, "errors": errors}


def answer_json(body: dict[str, Any]) -> Response:
    """An answer."""
    return Response(json.dumps(body, ensure_ascii=False), media_type=ONE)


def _problem(refused: Refused) -> Response:
    body = json.dumps(_body(refused.status, refused.code, str(refused)))
    return Response(body, refused.status, media_type="application/problem+json")
