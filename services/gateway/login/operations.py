"""A login that the issuer vouched for becomes a session."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.login.problems import KeptOut, UnknownPerson
from services.gateway.people.operations import bind, real_now
from services.gateway.people.queries import find_known
from services.gateway.people.sessions import open_session
from shared.audit import Entry, note
from shared.database import connection_of
from shared.settings import Settings


async def log_in(
    session: AsyncSession, settings: Settings, *, issuer: str, claims: Mapping[str, Any]
) -> str:
    """The token of a new session for whom the claims speak of.

    The first time, the person is found by work number and bound to the subject for good: later a
    claim that names the same number under another subject is nobody. Raises `UnknownPerson`,
    `KeptOut`.
    """
    named = claims.get(settings.oidc_work_number_claim)
    person = await find_known(
        session,
        issuer=issuer,
        subject=str(claims["sub"]),
        work_number=named if isinstance(named, str) else None,
    )
    if person is None:
        raise UnknownPerson
    if not person.is_active or person.locked_at is not None:
        raise KeptOut
    if person.issuer is None:
        await bind(session, person, issuer=issuer, subject=str(claims["sub"]))
    token = await open_session(await connection_of(session), person.id, settings)
    entry = Entry("session.opened", person.work_number, person.work_number)
    await note(session, entry, at=await real_now(session))
    return token
