"""Adding to a request and correcting it. No edit moves a deadline by itself: sla decides that."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.emergencies.operations import report_at_once
from services.intake.emergencies.rules import URGENT
from services.intake.models import Amendment, Ticket
from services.intake.operations import Acted, lock_own_ticket, require_act, say
from shared.events.intake import TicketAmended
from shared.events.words import Act, State
from shared.problems import field_error
from shared.runtime import Runtime
from shared.security import Principal

CORRECTED = (
    *("request_type", "urgency", "is_enforcement", "is_mediation", "category", "secrecy"),
    "about_unit",
)


async def amend_ticket(
    session: AsyncSession,
    runtime: Runtime,
    ticket_id: UUID,
    *,
    caller: Principal,
    addition: str | None,
    corrections: Mapping[str, Any],
    reason: str | None,
) -> Acted:
    """Add words, or correct what was filed; what stays the same says nothing.

    While a unit is being asked nothing is said: the ticket's first event will carry it all.
    Raises `NotFound`, `ActRefused` for what is over, `Malformed` where nothing would change or a
    correction has no reason.
    """
    ticket = await lock_own_ticket(session, ticket_id, caller)
    require_act(ticket, Act.AMEND)
    changed = {
        name: value
        for name, value in corrections.items()
        if value is not None and value != getattr(ticket, name)
    }
    if not changed and addition is None:
        raise field_error("body", "nothing_to_change", "没有补充内容，更正的各项也与现有的相同")
    if changed and reason is None:
        names = "、".join(changed)
        raise field_error("reason", "missing", f"更正 {names} 须说明理由")
    at = await runtime.clock.now(session)
    session.add(
        Amendment(
            ticket_id=ticket.id,
            at=at,
            by=caller.subject,
            addition=addition,
            reason=reason,
            **changed,
        )
    )
    becomes_urgent = ticket.urgency not in URGENT and changed.get("urgency") in URGENT
    for name, value in changed.items():
        setattr(ticket, name, value)
    if ticket.state == State.VERIFYING:
        _add_words(ticket, addition)
    else:
        data = TicketAmended(addition=addition, reason=reason, amended_by=caller.subject, **changed)
        await say(session, runtime, ticket, at, data)
    if becomes_urgent:
        await report_at_once(session, runtime, ticket, at)
    return Acted(ticket, ticket.sequence)


def _add_words(ticket: Ticket, addition: str | None) -> None:
    if addition is not None:
        ticket.content = f"{ticket.content}\n补充：{addition}"
