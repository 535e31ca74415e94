"""How a signed request enters: its key, its time, its body, its signature, its nonce.

Everything cheap is looked at first; the nonce is written last, so that nobody else can use it up.
"""

from datetime import timedelta
from typing import NamedTuple

from starlette.types import Message, Receive, Scope

from services.gateway.peers.operations import use_nonce
from services.gateway.peers.queries import Known, find_key
from services.gateway.peers.refusals import (
    DigestWrong,
    KeyExpired,
    KeyRevoked,
    KeyUnknown,
    NonceUsed,
    PeerInactive,
    SignatureEarly,
    SignatureMissing,
    SignatureOld,
)
from services.gateway.peers.rules import KeyState, PeerKind
from services.gateway.peers.signing import BodyCheck, Claim, read_claim, verify
from shared.bodies import again, read_body
from shared.events.words import Role
from shared.runtime import Runtime
from shared.security import Principal
from shared.service import is_upload
from shared.settings import Settings

SIGNED_BY = (b"signature", b"signature-input")
STATES = {
    KeyState.REVOKED: KeyRevoked,
    KeyState.EXPIRED: KeyExpired,
    KeyState.EARLY: KeyExpired,
}


class CheckedBody:
    """A streamed body whose end is passed on only when its digest is right.

    Where it is wrong, who reads it sees its sender leave, and `problem` says why.
    """

    def __init__(self, receive: Receive, check: BodyCheck) -> None:
        self._receive = receive
        self._check = check
        self.problem: DigestWrong | None = None

    async def __call__(self) -> Message:
        """The next message."""
        message = await self._receive()
        if message["type"] != "http.request":
            return message
        self._check.take(message.get("body", b""))
        if not message.get("more_body", False):
            try:
                self._check.finish()
            except DigestWrong as problem:
                self.problem = problem
                return {"type": "http.disconnect"}
        return message


class Signed(NamedTuple):
    """A request whose signature is right; `body` is set where it is still to be read."""

    principal: Principal
    receive: Receive
    body: CheckedBody | None


def is_signed(headers: dict[bytes, bytes]) -> bool:
    """Whether a request claims to be signed."""
    return any(name in headers for name in SIGNED_BY)


async def enter(runtime: Runtime, scope: Scope, receive: Receive) -> Signed:
    """Who signed a request; the edge has read its body, but for a file's.

    Raises the problems of `services.gateway.peers.refusals`, each reason its own.
    """
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    claim = read_claim(headers)
    async with runtime.database.pool.acquire() as connection:
        known = await find_key(connection, claim.key_id)
    known = _good(known)
    _in_time(claim, known, runtime.settings)
    streamed = None
    if is_upload(scope["path"]):
        if not claim.covers_digest:
            raise SignatureMissing("签名未覆盖 content-digest。")
        receive = streamed = CheckedBody(receive, BodyCheck(headers))
    else:
        limit = max(runtime.settings.body_bytes_max, runtime.settings.bulk_bytes_max)
        messages = await read_body(receive, limit)
        assert messages is not None, "the edge lets no larger body in"
        _check_body(claim, headers, b"".join(one.get("body", b"") for one in messages))
        receive = again(messages, receive)
    verify(scope["method"], url_of(scope, runtime.settings), headers, known.key)
    window = timedelta(seconds=runtime.settings.signature_window_seconds)
    async with runtime.database.pool.acquire() as connection:
        # A gateway whose clock is behind must find it, too.
        until = claim.created + 2 * window
        if not await use_nonce(connection, claim.key_id, claim.nonce, until=until):
            raise NonceUsed
    return Signed(principal_of(known), receive, streamed)


def principal_of(known: Known) -> Principal:
    """A subcenter is its unit's; a platform is nobody's seat, and sees what was sent to it."""
    if known.kind is PeerKind.SUBCENTER:
        return Principal(f"subcenter:{known.peer}", Role.SUBCENTER, known.peer, known.unit)
    return Principal(f"platform:{known.peer}", Role.PLATFORM, known.peer)


def url_of(scope: Scope, settings: Settings) -> str:
    """The address that was signed: behind a proxy that changes Host, the one that others use."""
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    ours = [one.strip() for one in settings.signature_authorities.split(",") if one.strip()]
    authority = ours[0] if ours and host.lower() not in ours else host
    query = scope["query_string"].decode("latin-1")
    path = scope["raw_path"].decode("latin-1")
    return f"{scope['scheme']}://{authority}{path}" + (f"?{query}" if query else "")


def _good(known: Known | None) -> Known:
    if known is None:
        raise KeyUnknown
    if known.state is not KeyState.VALID:
        raise STATES[known.state]
    if not known.is_active:
        raise PeerInactive
    return known


def _in_time(claim: Claim, known: Known, settings: Settings) -> None:
    window = timedelta(seconds=settings.signature_window_seconds)
    if claim.created < known.now - window:
        raise SignatureOld
    if claim.created > known.now + window:
        raise SignatureEarly
    if claim.expires is not None and claim.expires <= known.now:
        raise SignatureOld


def _check_body(claim: Claim, headers: list[tuple[str, str]], body: bytes) -> None:
    if not claim.covers_digest:
        if body:
            raise SignatureMissing("有请求内容时，签名须覆盖 content-digest。")
        return
    check = BodyCheck(headers)
    check.take(body)
    check.finish()
