"""Extensions: asked for by the unit, told to the caller, decided by the hotline office (C4).

An application that is not decided yet does not hold the clock. Granted, it counts from the
deadline that it moves, even when that is over: what was said to be overdue stays so.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from services.sla.extensions.problems import refuse
from services.sla.extensions.rules import (
    Application,
    ExtensionState,
    Standing,
    refusal_of,
    refusal_of_grant,
)
from services.sla.handling.operations import NothingRunning, Turn, move, say
from services.sla.handling.rules import article, granted_days, with_extension
from services.sla.models import Extension, TicketDeadline
from services.sla.rules import DeadlineState
from shared.crossing import platform_of
from shared.database import Connection
from shared.events.sla import (
    TicketExtensionDecided,
    TicketExtensionExplained,
    TicketExtensionRequested,
)
from shared.events.words import Act, RequestType, Role
from shared.letters import Letter
from shared.problems import ActRefused, NotFound, field_error

ERASE = """UPDATE extensions SET reason = '', evidence = NULL,
    decision_reason = left(decision_reason, 0), contact = left(contact, 0)
WHERE ticket_id = ANY($1::uuid[])"""


async def request_extension(
    turn: Turn,
    *,
    working_days: int,
    ground: str | None,
    reason: str,
    evidence: str | None,
    is_exceptional: bool,
    letter: Letter | None = None,
) -> Extension:
    """The unit asks for more time (ZY 13.3, YN 六(三)4(3), XS 三(五)).

    Raises `NotAllowed` where the pack has the unit's leader ask, the problem of the rule that
    stands against it, with its article, `Malformed` for a ground that the pack does not know.
    Nothing moves yet.
    """
    law = turn.pack.extension
    if law.asked_by.value is Role.UNIT_LEADER and platform_of(turn.caller.subject) is None:
        turn.caller.require(Role.UNIT_LEADER)
    ground = ground or law.ground.code
    if ground != law.ground.code:
        known = f"{law.ground.code}：{law.ground.text}（{article(law.ground)}）"
        raise field_error("ground", "unknown_ground", f"不是可以延期的情形，允许的情形有 {known}")
    application = Application(working_days, is_exceptional, turn.at)
    running = turn.running
    if running is not None and running.state == DeadlineState.PAUSED:
        raise NothingRunning("办理时限已中止计时，恢复计时后再申请延期。", allowed=[Act.RESUME])
    earlier = await _list_of_ticket(turn)
    standing = _standing(turn, running, earlier)
    refuse(refusal_of(turn.pack, turn.calendar, standing, application))
    assert running is not None, "the rules refuse where nothing runs"
    extension = Extension(
        ticket_id=turn.clock.ticket_id,
        number=len(earlier) + 1,
        jurisdiction=turn.clock.jurisdiction,
        handled_in=turn.clock.handled_in,
        unit=turn.unit,
        working_days=working_days,
        ground=ground,
        reason=reason,
        evidence=evidence,
        letter=None if letter is None else letter.model_dump(mode="json"),
        is_exceptional=is_exceptional,
        asked_at=turn.at,
        asked_by=turn.caller.subject,
        starts_at=running.starts_at,
        due_at=running.due_at,
        version=running.version,
        state=ExtensionState.REQUESTED,
    )
    turn.session.add(extension)
    request = TicketExtensionRequested(
        unit=extension.unit,
        working_days=working_days,
        ground=ground,
        extension=extension.number,
        due_at=extension.due_at,
        source_article=turn.pack.extension.ground.source,
        requested_by=extension.asked_by,
        letter=None if letter is None else letter.attachment,
    )
    await say(turn, request)
    return extension


async def decide_extension(
    turn: Turn, *, number: int | None, is_granted: bool, reason: str, working_days: int | None
) -> Extension:
    """The office that accepted decides; granted, the handling time moves (C4).

    Raises `NotAllowed` unless the role is the one that the pack names, `ActRefused` where nothing
    waits, and what stands against granting: then it may still be refused.
    """
    turn.caller.require(turn.pack.extension.decided_by.value)
    extension = await _waiting(turn, number)
    extension.state = ExtensionState.REFUSED
    extension.decided_at, extension.decided_by = turn.at, turn.caller.subject
    extension.decision_reason = reason
    if is_granted:
        await _grant(turn, extension, working_days or extension.working_days, reason=reason)
    elif working_days is not None:
        raise field_error("working_days", "not_needed", "不同意延期时不得填写延期天数")
    else:
        refusal = TicketExtensionDecided(
            is_granted=False,
            due_at=extension.due_at,
            reason=reason,
            unit=extension.unit,
            extension=extension.number,
            source_article=turn.pack.extension.ground.source,
            decided_by=turn.caller.subject,
        )
        await say(turn, refusal)
    return extension


async def explain_extension(turn: Turn, *, number: int, contact: str) -> Extension:
    """The unit has told the caller, and records how (ZY 13.3: 由承办单位向诉求人说明情况).

    Raises `NotFound` for an application of another unit, `ActRefused` for one that was explained.
    """
    found = [one for one in await _list_of_ticket(turn) if one.number == number]
    if not found or found[0].unit != turn.unit:
        raise NotFound
    extension = found[0]
    if extension.explained_at is not None:
        raise ActRefused("该延期申请已经向诉求人说明。", allowed=[])
    extension.explained_at, extension.explained_by = turn.at, turn.caller.subject
    extension.contact = contact
    told = TicketExtensionExplained(
        unit=extension.unit,
        extension=number,
        contact=contact,
        explained_by=turn.caller.subject,
    )
    await say(turn, told)
    return extension


async def erase_words(connection: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Remove what was written in words; that there was an extension stays."""
    await connection.execute(ERASE, ticket_ids)


async def _grant(turn: Turn, extension: Extension, working_days: int, *, reason: str) -> None:
    running = turn.running
    if running is not None and not _is_same(turn, running, extension):
        running = None
    earlier = await _list_of_ticket(turn)
    asked = Application(extension.working_days, extension.is_exceptional, extension.asked_at)
    standing = _standing(turn, running, earlier)
    # What another platform asks for, its own unit explains, by the law of its place.
    is_told = extension.explained_at is not None or platform_of(extension.asked_by) is not None
    refusal = refusal_of_grant(turn.pack, standing, asked, working_days, is_told=is_told)
    refuse(refusal, at_least=("refused",))
    assert running is not None, "the rules refuse where nothing runs"
    start, version = await move(
        turn,
        running,
        adjustments=with_extension(running.adjustments, working_days),
        law_limit=None,
    )
    extension.state = ExtensionState.GRANTED
    extension.granted_days, extension.moved_to = working_days, start.due_at
    granted = TicketExtensionDecided(
        is_granted=True,
        due_at=start.due_at,
        reason=reason,
        unit=extension.unit,
        extension=extension.number,
        working_days=working_days,
        version=version,
        rule=start.rule,
        source_article=start.source,
        provisional=start.provisional,
        decided_by=turn.caller.subject,
    )
    await say(turn, granted)


async def _waiting(turn: Turn, number: int | None) -> Extension:
    """The application to decide. At most one of a ticket waits."""
    earlier = await _list_of_ticket(turn)
    if number is not None and not any(one.number == number for one in earlier):
        raise NotFound
    waiting = [
        one
        for one in earlier
        if one.state == ExtensionState.REQUESTED and number in (None, one.number)
    ]
    if not waiting:
        if not earlier:
            raise ActRefused("工单没有延期申请。", allowed=[Act.EXTEND])
        is_told = earlier[-1].explained_at is not None
        raise ActRefused("延期申请已经审核。", allowed=[] if is_told else [Act.EXPLAIN_EXTENSION])
    return waiting[0]


async def _list_of_ticket(turn: Turn) -> list[Extension]:
    found = await turn.session.scalars(
        select(Extension)
        .where(Extension.ticket_id == turn.clock.ticket_id)
        .order_by(Extension.number)
    )
    return list(found)


def _standing(turn: Turn, running: TicketDeadline | None, earlier: list[Extension]) -> Standing:
    return Standing(
        request=RequestType(turn.clock.request_type),
        due_at=None if running is None else running.due_at,
        has_law_limit=turn.clock.law_limit is not None,
        granted_days=() if running is None else granted_days(running.adjustments),
        applications=len(earlier),
        is_pending=any(one.state == ExtensionState.REQUESTED for one in earlier),
    )


def _is_same(turn: Turn, running: TicketDeadline, extension: Extension) -> bool:
    """Whether the handling is still the one that more time was asked for: no other unit's, and
    not given anew by a redo."""
    return turn.clock.unit == extension.unit and running.starts_at == extension.starts_at
