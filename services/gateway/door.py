"""The door itself, plain ASGI: who asks, where to, and what they have seen of the ticket."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.rules import OPEN, later, route, ticket_in
from shared import seen
from shared.events.words import Service
from shared.problems import NotFound, Problem
from shared.security import TokenReader
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
        self, inner: ASGIApp, hops: Mapping[Service, ASGIApp], tokens: TokenReader
    ) -> None:
        self._inner = inner
        self._hops = hops
        self._tokens = tokens
        self._measured = Measured(self._enter, service=Service.GATEWAY)
        self._seen: OrderedDict[str, dict[str, int]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/") and not _is_ours(scope):
            await self._measured(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            headers: dict[bytes, bytes] = dict(scope["headers"])
            if not OPEN.fullmatch(scope["path"]):
                self._tokens.read(headers.get(b"authorization", b"").decode("latin-1"))
            service = route(scope["method"], scope["path"])
            if service is None:
                raise NotFound
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        scope["route"] = Way(service)
        await self._pass(service, scope, receive, send)

    async def _pass(self, service: Service, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [pair for pair in scope["headers"] if pair[0] not in OURS]
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

        await self._hops[service](hop_scope, receive, send_seen)

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


def _is_ours(scope: Scope) -> bool:
    return route(scope["method"], scope["path"]) is Service.GATEWAY
