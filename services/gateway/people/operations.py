"""What is done to people: made, charged with roles, locked, and let go. Always in real time."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.gateway.feeds.models import FeedUnit
from services.gateway.people.models import Assignment, Person, Session
from services.gateway.people.problems import NotApart, NotYourself, WorkNumberTaken
from services.gateway.people.rules import OF_PROGRAMS, is_apart
from shared.access import SYSTEM_ADMINISTRATORS, is_of_unit
from shared.audit import Entry, note
from shared.events.words import Role
from shared.jurisdictions import covers
from shared.problems import NotAllowed, NotFound, field_error
from shared.security import Principal

END_LOGINS = text("DELETE FROM login_codes WHERE person_id = :person")


class Grant(NamedTuple):
    """What a person is to be charged with."""

    role: Role
    jurisdiction: str
    unit: str | None = None
    seat: str | None = None


async def add_person(
    session: AsyncSession, *, caller: Principal, work_number: str, name: str, jurisdiction: str
) -> Person:
    """Make a person, who can do nothing yet. Raises `WorkNumberTaken`, `NotAllowed`."""
    _require_place(caller, jurisdiction)
    at = await real_now(session)
    # Two who take the same number at once: the second waits here, and then sees the first.
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"work-number {work_number}", 3))
    await session.execute(select(lock))
    if await session.scalar(select(Person.id).where(Person.work_number == work_number)):
        raise WorkNumberTaken
    made = Person(
        id=uuid7(),
        work_number=work_number,
        name=name,
        jurisdiction=jurisdiction,
        is_active=True,
        created_by=caller.subject,
        created_at=at,
    )
    session.add(made)
    await session.flush()
    detail = {"jurisdiction": jurisdiction}
    await note(session, Entry("person.added", work_number, caller.subject, detail=detail), at=at)
    return made


async def grant(
    session: AsyncSession, work_number: str, wanted: Grant, *, caller: Principal
) -> Person:
    """Charge a person with a role; one that they hold already stays as it is.

    A system administrator's ends their sessions and logins under way: they log in anew, with the
    second factor that the role asks for (F9).

    Raises `NotFound`, `NotAllowed`, `NotYourself`, `NotApart`, `Malformed`.
    """
    if wanted.role in OF_PROGRAMS:
        raise field_error("role", "of_programs", "该角色属于其他平台的程序，不授予人员")
    if is_of_unit(wanted.role) != (wanted.unit is not None):
        raise field_error("unit", "unit", "承办单位的角色须指明单位，其他角色不得指明单位")
    _require_place(caller, wanted.jurisdiction)
    await _require_own_unit(session, wanted.unit, caller)
    person = await lock_person(session, work_number, caller=caller)
    held = await held_by(session, person.id)
    if any((one.role, one.jurisdiction, one.unit) == wanted[:3] for one in held):
        return person
    if not all(is_apart(Role(one.role), wanted.role) for one in held):
        raise NotApart
    at = await real_now(session)
    made = Assignment(
        id=uuid7(),
        person_id=person.id,
        **wanted._asdict(),
        granted_by=caller.subject,
        granted_at=at,
    )
    session.add(made)
    entry = _of_role("role.granted", person, made, caller)
    if wanted.role in SYSTEM_ADMINISTRATORS:
        await _ended(session, person, entry)
    else:
        await session.flush()
        await note(session, entry, at=at)
    return person


async def revoke(
    session: AsyncSession, work_number: str, assignment_id: UUID, *, caller: Principal
) -> Person:
    """Take a role away, and end the sessions that work in it. Raises as `grant` does."""
    person = await lock_person(session, work_number, caller=caller)
    found = await session.get(Assignment, assignment_id, with_for_update=True)
    if found is None or found.person_id != person.id:
        raise NotFound
    if found.revoked_at is None:
        found.revoked_at = at = await real_now(session)
        found.revoked_by = caller.subject
        await session.execute(delete(Session).where(Session.assignment_id == assignment_id))
        await note(session, _of_role("role.revoked", person, found, caller), at=at)
    return person


async def set_active(
    session: AsyncSession, work_number: str, *, is_active: bool, caller: Principal, reason: str
) -> Person:
    """Let a person go, or take them back; their sessions end at once."""
    person = await lock_person(session, work_number, caller=caller)
    if person.is_active is not is_active:
        person.is_active = is_active
        action = "person.activated" if is_active else "person.deactivated"
        await _ended(session, person, Entry(action, work_number, caller.subject, reason))
    return person


async def set_locked(
    session: AsyncSession, work_number: str, *, is_locked: bool, caller: Principal, reason: str
) -> Person:
    """Keep a person out whatever their password, or let them in again."""
    person = await lock_person(session, work_number, caller=caller)
    if (person.locked_at is not None) is not is_locked:
        person.locked_at = await real_now(session) if is_locked else None
        action = "person.locked" if is_locked else "person.unlocked"
        await _ended(session, person, Entry(action, work_number, caller.subject, reason))
    return person


async def unbind(
    session: AsyncSession, work_number: str, *, caller: Principal, reason: str
) -> Person:
    """Forget under which subject a person is known; their next login binds them anew."""
    person = await lock_person(session, work_number, caller=caller)
    person.issuer = person.subject = None
    await _ended(session, person, Entry("person.unbound", work_number, caller.subject, reason))
    return person


async def bind(session: AsyncSession, person: Person, *, issuer: str, subject: str) -> None:
    """Note who vouches for a person, at their first login."""
    person.issuer, person.subject = issuer, subject
    entry = Entry("person.bound", person.work_number, person.work_number)
    await note(session, entry, at=await real_now(session))


async def lock_person(session: AsyncSession, work_number: str, *, caller: Principal) -> Person:
    """A person whom the caller may change, the row locked.

    Raises `NotFound`, `NotYourself`, or `NotAllowed` where they hold a role beyond the caller's
    place: else a county's officer could reset a province's.
    """
    statement = select(Person).where(Person.work_number == work_number).with_for_update()
    person = await session.scalar(statement)
    if person is None or not covers(caller.jurisdiction, person.jurisdiction):
        raise NotFound
    if person.work_number == caller.subject:
        raise NotYourself
    for one in await held_by(session, person.id):
        if not covers(caller.jurisdiction, one.jurisdiction):
            raise NotAllowed("此人另有其他地区的岗位，请由上级平台的管理人员办理。")
    return person


async def held_by(session: AsyncSession, person_id: UUID) -> list[Assignment]:
    """What a person is charged with now, oldest first."""
    held = (Assignment.person_id == person_id) & Assignment.revoked_at.is_(None)
    return list(await session.scalars(select(Assignment).where(held).order_by(Assignment.id)))


async def real_now(session: AsyncSession) -> datetime:
    """The database's real time: logins and rights know no simulated clock."""
    time: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return time


async def _ended(session: AsyncSession, person: Person, entry: Entry) -> None:
    await session.flush()
    await session.execute(delete(Session).where(Session.person_id == person.id))
    await session.execute(END_LOGINS, {"person": person.id})
    await note(session, entry, at=await real_now(session))


def _of_role(action: str, person: Person, one: Assignment, caller: Principal) -> Entry:
    detail = {"role": one.role, "jurisdiction": one.jurisdiction, "unit": one.unit}
    return Entry(action, person.work_number, caller.subject, detail=detail)


async def _require_own_unit(session: AsyncSession, code: str | None, caller: Principal) -> None:
    """A unit's people see what it has, wherever that is: only its own place lets them in."""
    unit = None if code is None else await session.get(FeedUnit, code)
    if unit is not None and not covers(caller.jurisdiction, unit.jurisdiction):
        raise field_error("unit", "other_place", f"{unit.name}不在您的权限范围内")


def _require_place(caller: Principal, jurisdiction: str) -> None:
    if not covers(caller.jurisdiction, jurisdiction):
        raise NotAllowed("该行政区划不在您的权限范围内。")
