"""Proposing, checking and taking back published results."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.intake.identity import Identity, Vault
from services.intake.models import Ticket
from services.intake.operations import Acted, lock_ticket, say
from services.intake.publications.models import Publication
from services.intake.publications.rules import PublicationState, fit, is_fit, refusal
from services.intake.sight import is_seen
from shared.events.callers import ResultPublished, ResultTakenBack
from shared.events.chinese import CHINESE
from shared.events.words import RequestType, Secrecy, State
from shared.problems import ActRefused, NotAllowed, NotFound
from shared.runtime import Runtime
from shared.security import Principal

OPEN = (PublicationState.PROPOSED, PublicationState.PUBLISHED)


@dataclass(frozen=True, slots=True)
class Wording:
    """What a unit wants to publish."""

    title: str
    question: str
    answer: str


async def propose(
    session: AsyncSession,
    runtime: Runtime,
    vault: Vault,
    ticket_id: UUID,
    *,
    caller: Principal,
    wording: Wording,
) -> Publication:
    """Propose to publish a result; what is personal is removed at once (A14, ZY 13).

    Raises `NotFound` where the ticket is not the unit's, `ActRefused` where it may not be
    published, or is proposed or published already.
    """
    ticket = await _lock_unit_ticket(session, ticket_id, caller)
    refused = refusal(
        State(ticket.state), RequestType(ticket.request_type), about_unit=ticket.about_unit
    )
    if refused is not None:
        raise ActRefused(refused, allowed=[])
    if ticket.secrecy != Secrecy.NORMAL:
        raise ActRefused(
            f"知悉范围为“{CHINESE[Secrecy(ticket.secrecy)]}”的工单不能公开 (F9)。", allowed=[]
        )
    if await _current(session, ticket_id) is not None:
        raise ActRefused(
            "该工单的办理结果已提出或已公开，如需修改请先撤回。", allowed=["take-back"]
        )
    identity = await _identity(vault, ticket)
    assert ticket.unit is not None, "a closed ticket has a unit"
    found = Publication(
        id=uuid7(),
        ticket_id=ticket_id,
        jurisdiction=ticket.jurisdiction,
        unit=ticket.unit,
        title=fit(wording.title, identity),
        question=fit(wording.question, identity),
        answer=fit(wording.answer, identity),
        state=PublicationState.PROPOSED,
        proposed_by=caller.subject,
        proposed_at=await runtime.clock.now(session),
    )
    session.add(found)
    return found


async def check(
    session: AsyncSession,
    runtime: Runtime,
    vault: Vault,
    publication_id: UUID,
    *,
    caller: Principal,
    is_passed: bool,
    reason: str | None,
) -> tuple[Publication, Acted | None]:
    """The second reader lets it out, or sends it back (A14).

    Raises `NotFound`, `NotAllowed` for who proposed it, `ActRefused` for one that does not wait.
    """
    found = await session.get(Publication, publication_id)
    if found is None or found.unit != caller.unit:
        raise NotFound
    ticket = await lock_ticket(session, found.ticket_id)
    await session.refresh(found)
    if found.state != PublicationState.PROPOSED:
        raise ActRefused("该结果不在待审核状态。", allowed=[])
    if found.proposed_by == caller.subject:
        raise NotAllowed("提出人不能审核自己提出的内容，请由本单位另一人审核。")
    at = await runtime.clock.now(session)
    found.checked_by, found.checked_at, found.reason = caller.subject, at, reason
    if not is_passed:
        found.state = PublicationState.SENT_BACK
        return found, None
    identity = await _identity(vault, ticket)
    texts = (found.title, found.question, found.answer)
    assert all(is_fit(one, identity) for one in texts), "it was made fit when it was proposed"
    found.state = PublicationState.PUBLISHED
    payload = ResultPublished(
        unit=found.unit,
        title=found.title,
        question=found.question,
        answer=found.answer,
        checked_by=caller.subject,
    )
    return found, await say(session, runtime, ticket, at, payload)


async def take_back(
    session: AsyncSession, runtime: Runtime, ticket_id: UUID, *, caller: Principal, reason: str
) -> tuple[Publication, Acted | None]:
    """Take a result back, be it published or only proposed; the public sees it no more.

    Raises `NotFound`, `ActRefused` where there is none.
    """
    ticket = await lock_ticket(session, ticket_id)
    if not is_seen(ticket, caller, as_unit=True):
        raise NotFound
    found = await _current(session, ticket_id)
    if found is None:
        raise ActRefused("该工单没有待审核或已公开的办理结果。", allowed=["publish"])
    was_published = found.state == PublicationState.PUBLISHED
    at = await runtime.clock.now(session)
    found.state, found.reason = PublicationState.TAKEN_BACK, reason
    found.ended_by, found.ended_at = caller.subject, at
    if not was_published:
        return found, None
    payload = ResultTakenBack(unit=found.unit, reason=reason, taken_back_by=caller.subject)
    return found, await say(session, runtime, ticket, at, payload)


async def _lock_unit_ticket(session: AsyncSession, ticket_id: UUID, caller: Principal) -> Ticket:
    ticket = await lock_ticket(session, ticket_id)
    if not is_seen(ticket, caller, as_unit=True):
        raise NotFound
    return ticket


async def _current(session: AsyncSession, ticket_id: UUID) -> Publication | None:
    found: Publication | None = await session.scalar(
        select(Publication).where(Publication.ticket_id == ticket_id, Publication.state.in_(OPEN))
    )
    return found


async def _identity(vault: Vault, ticket: Ticket) -> dict[str, str]:
    sealed = ticket.identity
    identity: Identity = {} if sealed is None else await vault.open(sealed, ticket.id)
    return {name: str(value) for name, value in identity.items()}
