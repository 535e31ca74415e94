"""What is done to credentials: tried, locked, changed, reset. Always in real time.

A wrong try is no exception here: it is counted, and the edge commits that.
"""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.issuer.models import Credential, RecoveryCode
from services.gateway.issuer.passwords import hash_password
from services.gateway.issuer.rules import (
    RECOVERY_CODES,
    Facts,
    Limits,
    Stage,
    Standing,
    begin_try,
    give_back,
    next_stage,
)
from services.gateway.issuer.sealing import seal, unseal
from services.gateway.issuer.second_factor import (
    CODE,
    hash_recovery_code,
    new_recovery_code,
    new_secret,
    step_of,
)
from services.gateway.people.models import Assignment, Person, Session
from services.gateway.people.operations import real_now, set_locked
from shared.access import SYSTEM_ADMINISTRATORS
from shared.audit import Entry, note
from shared.security import Principal
from shared.settings import Settings

TEMPORARY_BYTES = 12


class Temporary(NamedTuple):
    """A one-time password: shown once, good until then, and only to choose an own one."""

    password: str
    valid_until: datetime


class Account(NamedTuple):
    """A person with their credential, both rows locked."""

    person: Person
    credential: Credential


async def give_temporary(
    session: AsyncSession, person: Person, settings: Settings, *, caller: Principal, reason: str
) -> Temporary:
    """Put a one-time password in the place of a person's own, and log them out everywhere."""
    password = secrets.token_urlsafe(TEMPORARY_BYTES)
    hashed = await hash_password(password)
    at = await real_now(session)
    until = at + timedelta(hours=settings.temporary_password_hours)
    found = await session.get(Credential, person.id, with_for_update=True)
    if found is None:
        found = Credential(
            person_id=person.id, password_hash=hashed, past_hashes=[], version=1, changed_at=at
        )
        found.code_step = 0
        session.add(found)
    else:
        _put_hash(found, hashed, settings, at=at)
    found.temporary_until = until
    _stand(found, Standing())
    await session.flush()
    await session.execute(delete(Session).where(Session.person_id == person.id))
    entry = Entry("password.reset", person.work_number, caller.subject, reason)
    await note(session, entry, at=at)
    return Temporary(password, until)


async def unlock(
    session: AsyncSession, work_number: str, *, caller: Principal, reason: str
) -> Person:
    """Let a person in again; wrong tries, and the lock that they led to, are forgotten."""
    person = await set_locked(session, work_number, is_locked=False, caller=caller, reason=reason)
    found = await session.get(Credential, person.id, with_for_update=True)
    if found is not None and (found.failures or found.locked_until):
        _stand(found, Standing())
        entry = Entry("login.forgiven", person.work_number, caller.subject)
        await note(session, entry, at=await real_now(session))
    return person


async def reset_second_factor(
    session: AsyncSession, person: Person, *, caller: Principal, reason: str
) -> None:
    """Forget a person's authenticator; their next login registers another."""
    found = await session.get(Credential, person.id, with_for_update=True)
    if found is not None:
        found.code_secret = found.code_secret_confirmed_at = None
    await session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    entry = Entry("second_factor.reset", person.work_number, caller.subject, reason)
    await note(session, entry, at=await real_now(session))


async def begin_password(
    session: AsyncSession, work_number: str, settings: Settings
) -> Credential | None:
    """Count a try with a password; none for whom nobody knows or who is locked out.

    The edge commits before it hashes, so that no number of tries at once gets past the limit.
    """
    account = await _find(session, Person.work_number == work_number)
    if account is None or not await begin(session, account, settings):
        return None
    return account.credential


async def pass_password(session: AsyncSession, person_id: UUID, *, version: int) -> Account | None:
    """The password was right: give the try back; none where it was changed meanwhile."""
    account = await find_account(session, person_id, version=version)
    if account is None:
        return None
    until = account.credential.temporary_until
    if until is not None and until <= await real_now(session):
        await _failed(session, account, "expired")
        return None
    _stand(account.credential, give_back(_standing(account.credential)))
    return account


async def note_failure(session: AsyncSession, person_id: UUID, *, version: int) -> None:
    """The password was wrong."""
    account = await find_account(session, person_id, version=version)
    if account is not None:
        await _failed(session, account, "password")


async def try_code(
    session: AsyncSession, account: Account, code: str, settings: Settings
) -> str | None:
    """Try a second factor: what it was (`otp` or `recovery`), none for a wrong one."""
    if not await begin(session, account, settings):
        return None
    at = await real_now(session)
    credential = account.credential
    if CODE.fullmatch(code):
        step = step_of(secret_of(credential, settings), code, now=at, after=credential.code_step)
        kind = None if step is None else "otp"
        credential.code_step = credential.code_step if step is None else step
    else:
        kind = await _use_recovery_code(session, account, code, at=at)
    if kind is None:
        await _failed(session, account, "code")
        return None
    _stand(credential, give_back(_standing(credential)))
    return kind


async def begin_enrolment(session: AsyncSession, account: Account, settings: Settings) -> str:
    """A fresh secret for an authenticator, which counts once a code of it was given."""
    secret = new_secret()
    account.credential.code_secret = seal(secret.encode(), account.person.id, settings)
    account.credential.code_secret_confirmed_at = None
    account.credential.code_step = 0
    return secret


async def confirm_enrolment(session: AsyncSession, account: Account) -> list[str]:
    """The authenticator works: make its recovery codes, which are shown once."""
    at = await real_now(session)
    account.credential.code_secret_confirmed_at = at
    codes = [new_recovery_code() for _ in range(RECOVERY_CODES)]
    person = account.person
    await session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    session.add_all(
        RecoveryCode(person_id=person.id, code_hash=hash_recovery_code(one)) for one in codes
    )
    entry = Entry("second_factor.registered", person.work_number, person.work_number)
    await note(session, entry, at=at)
    return codes


async def change_password(
    session: AsyncSession, account: Account, hashed: str, settings: Settings
) -> None:
    """Take a person's own new password."""
    at = await real_now(session)
    _put_hash(account.credential, hashed, settings, at=at)
    account.credential.temporary_until = None
    person = account.person
    entry = Entry("password.changed", person.work_number, person.work_number)
    await note(session, entry, at=at)


async def stage_of(
    session: AsyncSession, account: Account, settings: Settings, *, passed: Collection[Stage]
) -> Stage:
    """What this login asks for next; at its end the wrong tries before it are forgotten."""
    now, credential = await real_now(session), account.credential
    is_old = bool(settings.password_days_max) and (
        credential.changed_at + timedelta(days=settings.password_days_max) <= now
    )
    facts = Facts(
        has_code=credential.code_secret_confirmed_at is not None,
        needs_code=settings.second_factor == "all" or await _administers(session, account.person),
        must_change=credential.temporary_until is not None or is_old,
    )
    stage = next_stage(facts, passed)
    if stage is Stage.DONE:
        _stand(credential, Standing())
    return stage


async def find_account(session: AsyncSession, person_id: UUID, *, version: int) -> Account | None:
    """An account that may log in, with the password that it had then."""
    account = await _find(session, Person.id == person_id)
    return None if account is None or account.credential.version != version else account


async def begin(session: AsyncSession, account: Account, settings: Settings) -> bool:
    """Count a try; say whether it may be made."""
    limits = Limits(settings.login_failures_max, timedelta(minutes=settings.login_lock_minutes))
    now = await real_now(session)
    standing = begin_try(_standing(account.credential), now, limits)
    if standing is None:
        return False
    _stand(account.credential, standing)
    return True


def secret_of(credential: Credential, settings: Settings) -> str:
    """The secret of the authenticator."""
    assert credential.code_secret is not None, "a code is asked of who has an authenticator"
    return unseal(credential.code_secret, credential.person_id, settings).decode()


async def _find(session: AsyncSession, condition: ColumnElement[bool]) -> Account | None:
    statement = (
        select(Person, Credential)
        .join(Credential, Credential.person_id == Person.id)
        .where(condition, Person.is_active, Person.locked_at.is_(None))
        .with_for_update()
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else Account(*row)


async def _failed(session: AsyncSession, account: Account, what: str) -> None:
    is_locked = account.credential.locked_until is not None
    action = "login.locked" if is_locked else "login.failed"
    entry = Entry(action, account.person.work_number, "issuer", detail={"wrong": what})
    await note(session, entry, at=await real_now(session))


async def _use_recovery_code(
    session: AsyncSession, account: Account, code: str, *, at: datetime
) -> str | None:
    key = (account.person.id, hash_recovery_code(code))
    found = await session.get(RecoveryCode, key, with_for_update=True)
    if found is None or found.used_at is not None:
        return None
    found.used_at = at
    number = account.person.work_number
    await note(session, Entry("recovery_code.used", number, number), at=at)
    return "recovery"


async def _administers(session: AsyncSession, person: Person) -> bool:
    wanted = [str(role) for role in SYSTEM_ADMINISTRATORS]
    held = select(Assignment.id).where(
        Assignment.person_id == person.id,
        Assignment.revoked_at.is_(None),
        Assignment.role.in_(wanted),
    )
    return await session.scalar(held.limit(1)) is not None


def _put_hash(credential: Credential, hashed: str, settings: Settings, *, at: datetime) -> None:
    past = [credential.password_hash, *credential.past_hashes]
    credential.past_hashes = past[: settings.passwords_kept]
    credential.password_hash = hashed
    credential.changed_at = at
    credential.version += 1


def _standing(credential: Credential) -> Standing:
    return Standing(credential.failures, credential.locked_until)


def _stand(credential: Credential, standing: Standing) -> None:
    credential.failures, credential.locked_until = standing
