"""What people look up of people."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.people.models import Assignment, Person
from shared.jurisdictions import covers, prefix
from shared.problems import NotFound
from shared.security import Principal


async def list_people(
    session: AsyncSession, *, caller: Principal, after: UUID | None, limit: int
) -> list[Person]:
    """The people of the caller's place, newest first."""
    within = Person.jurisdiction.startswith(prefix(caller.jurisdiction), autoescape=True)
    statement = select(Person).where(within).order_by(Person.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(Person.id < after)
    return list(await session.scalars(statement))


async def find_person(session: AsyncSession, work_number: str, *, caller: Principal) -> Person:
    """One person of the caller's place. Raises `NotFound`."""
    person = await session.scalar(select(Person).where(Person.work_number == work_number))
    if person is None or not covers(caller.jurisdiction, person.jurisdiction):
        raise NotFound
    return person


async def find_known(
    session: AsyncSession, *, issuer: str, subject: str, work_number: str | None
) -> Person | None:
    """Whom an issuer speaks of: by subject, else a person of that number whom nobody claims yet.

    The row is locked, so that two first logins do not bind two subjects.
    """
    bound = (Person.issuer == issuer) & (Person.subject == subject)
    found = await session.scalar(select(Person).where(bound).with_for_update())
    if found is None and work_number is not None:
        free = (Person.work_number == work_number) & Person.issuer.is_(None)
        found = await session.scalar(select(Person).where(free).with_for_update())
    return found


async def held_by_all(
    session: AsyncSession, person_ids: Collection[UUID]
) -> Mapping[UUID, list[Assignment]]:
    """What each of them is charged with now."""
    held: dict[UUID, list[Assignment]] = {one: [] for one in person_ids}
    statement = select(Assignment).where(
        Assignment.person_id.in_(person_ids), Assignment.revoked_at.is_(None)
    )
    for one in await session.scalars(statement.order_by(Assignment.id)):
        held[one.person_id].append(one)
    return held
