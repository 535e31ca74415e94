"""Who asks: a bearer token names a role, and the unit or jurisdiction that it is good for."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request

from shared.access import CONFIDANTS, Reach, Table, is_of_unit
from shared.events.words import Role, Secrecy
from shared.jurisdictions import covers
from shared.problems import NotAllowed, Unauthenticated

ALGORITHM = "HS256"
VERIFIED_MAX = 10_000
CLOCKS_APART_SECONDS = 30
"""A token may be so much younger than the clock of who reads it; `exp` is read strictly."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or program that may enter.

    `jurisdiction` is the place whose tickets they may see; a unit sees its own tickets alone.
    """

    subject: str
    role: Role
    jurisdiction: str
    unit: str | None = None
    is_person: bool = False
    """Whether somebody logged in, and acts in person; a token alone may be a program's."""

    @property
    def is_of_unit(self) -> bool:
        """Whether they see what their unit has, and nothing else."""
        return is_of_unit(self.role)

    def sees(
        self,
        jurisdiction: str,
        unit: str | None,
        *,
        secrecy: str = Secrecy.NORMAL,
        filed_by: str | None = None,
    ) -> bool:
        """Whether a ticket of this place, at this unit, is theirs to see.

        A sensitive one is for the unit that has it, for the hotline office, and for who filed it
        (F9).
        """
        if self.is_of_unit:
            return unit is not None and unit == self.unit
        if not covers(self.jurisdiction, jurisdiction):
            return False
        return self.may_know(secrecy, filed_by)

    def may_know(self, secrecy: str, filed_by: str | None = None) -> bool:
        """Whether a ticket's label lets them see it, where its place or unit does."""
        is_open = secrecy != Secrecy.SENSITIVE or self.is_of_unit
        return is_open or self.role in CONFIDANTS or self.subject == filed_by

    def require(self, *roles: Role) -> None:
        """Raise `NotAllowed` unless the role is one of `roles`."""
        if self.role not in roles:
            raise NotAllowed(allowed=[str(role) for role in roles])


def issue_token(principal: Principal, secret: str, *, lifetime: timedelta) -> str:
    """A token that names the principal until `lifetime` from now (real time) is over."""
    now = datetime.now(UTC)
    claims: dict[str, Any] = {
        "sub": principal.subject,
        "role": principal.role.value,
        "jurisdiction": principal.jurisdiction,
        "iat": now,
        "exp": now + lifetime,
    }
    if principal.unit is not None:
        claims["unit"] = principal.unit
    if principal.is_person:
        claims["person"] = True
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


class TokenReader:
    """Reads tokens, and remembers those that it has verified until they expire."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._verified: OrderedDict[str, tuple[Principal, float]] = OrderedDict()

    def read(self, authorization: str | None) -> Principal:
        """The principal of an `Authorization` header. Raises `Unauthenticated`."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        known = self._verified.get(token)
        if known is None:
            known = self._verify(token)
            self._verified[token] = known
            if len(self._verified) > VERIFIED_MAX:
                self._verified.popitem(last=False)
        principal, expires_at = known
        if expires_at <= datetime.now(UTC).timestamp():
            del self._verified[token]
            raise Unauthenticated("登录已过期，请重新登录。")
        return principal

    def _verify(self, token: str) -> tuple[Principal, float]:
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                leeway=CLOCKS_APART_SECONDS,
                options={"require": ["exp", "sub", "role", "jurisdiction"]},
            )
            principal = Principal(
                subject=claims["sub"],
                role=Role(claims["role"]),
                jurisdiction=claims["jurisdiction"],
                unit=claims.get("unit"),
                is_person=claims.get("person") is True,
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise Unauthenticated from error
        if principal.is_of_unit and principal.unit is None:
            raise Unauthenticated
        return principal, float(claims["exp"])


def principal_of(request: Request) -> Principal:
    """Who asks, and may. Raises `Unauthenticated`, `NotAllowed` where the table does not name them.

    An operation without a row is nobody's.
    """
    tokens: TokenReader = request.app.state.tokens
    principal = tokens.read(request.headers.get("authorization"))
    table: Table = request.app.state.access
    may = table.get(f"{request.method} {request.scope['route'].path}")
    if may is None:
        raise NotAllowed("此操作没有登记权限，任何人不得使用。", allowed=[])
    if may.reach is not Reach.OPEN:
        principal.require(*may.roles)
    return principal


async def _read_principal(request: Request) -> Principal:
    return principal_of(request)


Caller = Annotated[Principal, Depends(_read_principal)]
"""Who asks, as a route's argument; they may do what the route does."""
