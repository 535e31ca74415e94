"""The door itself, plain ASGI: who asks, where to, and what they have seen of the ticket."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.askers import Asker, Askers
from services.gateway.limits import Rates
from services.gateway.people.sessions import OF_SESSIONS
from services.gateway.rules import OPEN, later, route, ticket_in
from shared import seen
from shared.bodies import answer_watched
from shared.events.words import Service
from shared.problems import NotFound, Problem, Unauthenticated
from shared.service import Measured
from shared.telemetry import current_traceparent

SEEN_MAX = 100_000
SEEN_HEADER = seen.HEADER.lower().encode()
CLIENT_HEADER = b"x-client-address"
OURS = (SEEN_HEADER, b"traceparent", CLIENT_HEADER)


class Way(NamedTuple):
    """Where a call went, as metrics name it."""

    path: str


class Door:
    """Passes calls under `/v1/` to the service that they are for, its own and others to `inner`."""

    def __init__(
        self, inner: ASGIApp, hops: Mapping[Service, ASGIApp], askers: Askers, rates: Rates
    ) -> None:
        self._inner = inner
        self._hops = hops
        self._askers = askers
        self._rates = rates
        self._measured = Measured(self._enter, service=Service.GATEWAY)
        self._seen: OrderedDict[str, dict[str, int]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        path = scope["path"] if scope["type"] == "http" else ""
        if not path.startswith("/v1/") or OF_SESSIONS.fullmatch(path):
            await self._inner(scope, receive, send)
        elif route(scope["method"], path) is Service.GATEWAY:
            await self._enter_own(scope, receive, send)
        else:
            await self._measured(scope, receive, send)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            asker = await self._find(scope, receive)
            if asker.principal is None and not OPEN.fullmatch(scope["path"]):
                raise Unauthenticated
            service = route(scope["method"], scope["path"])
            if service is None:
                raise NotFound
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        scope["route"] = Way(service)
        await self._pass(service, scope, asker, send)

    async def _enter_own(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            asker = await self._find(scope, receive)
        except Problem as problem:
            scope["route"] = Way(Service.GATEWAY)
            await Measured(problem.response(), service=Service.GATEWAY)(scope, receive, send)
            return
        kept = [pair for pair in scope["headers"] if pair[0] != CLIENT_HEADER]
        own = {**scope, "headers": self._askers.headers_for(asker, kept)}
        await _answer(self._inner, own, asker, send)

    async def _find(self, scope: Scope, receive: Receive) -> Asker:
        if OPEN.fullmatch(scope["path"]):
            return Asker(None, receive)
        asker = await self._askers.find(scope, receive)
        if asker.principal is not None:
            self._rates.take(asker.principal)
        return asker

    async def _pass(self, service: Service, scope: Scope, asker: Asker, send: Send) -> None:
        kept = [pair for pair in scope["headers"] if pair[0] not in OURS]
        headers = self._askers.headers_for(asker, kept)
        headers.append((b"traceparent", (current_traceparent() or "").encode()))
        address, _ = scope.get("client") or ("", 0)
        headers.append((CLIENT_HEADER, address.encode()))
        ticket = ticket_in(scope["path"])
        if ticket is not None:
            headers += self._seen_header(ticket, scope["headers"])
        hop_scope = {**scope, "headers": headers}

        async def send_seen(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = self._note_seen(message)
            await send(message)

        await _answer(self._hops[service], hop_scope, asker, send_seen)

    def _seen_header(
        self, ticket: str, headers: list[tuple[bytes, bytes]]
    ) -> list[tuple[bytes, bytes]]:
        known = self._seen.get(ticket, {})
        for name, value in headers:
            if name == SEEN_HEADER:
                told_of, told = seen.read_seen(value.decode("latin-1"))
                if told_of.lower() == ticket:
                    known = later(known, told)
        return [(SEEN_HEADER, seen.write_seen(ticket, known).encode())] if known else []

    def _note_seen(self, message: Message) -> Message:
        for place, (name, value) in enumerate(message["headers"]):
            if name == SEEN_HEADER:
                ticket, more = seen.read_seen(value.decode("latin-1"))
                ticket = ticket.lower()
                known = self._seen[ticket] = later(self._seen.pop(ticket, {}), more)
                if len(self._seen) > SEEN_MAX:
                    self._seen.popitem(last=False)
                headers = list(message["headers"])
                headers[place] = (SEEN_HEADER, seen.write_seen(ticket, known).encode())
                return {**message, "headers": headers}
        return message


async def _answer(app: ASGIApp, scope: Scope, asker: Asker, send: Send) -> None:
    if asker.body is None:
        await app(scope, asker.receive, send)
    else:
        await answer_watched(app, scope, asker.body, send)
