"""Figures of the other ways of a ticket: linked, coordinated, checked, ended without a reply."""

from uuid import uuid4

from services.analytics.rules import CHANGES, FIRST
from shared.events.callers import TicketHandedOver, TicketRepeatAnswered
from shared.events.catalogue import PAYLOADS
from shared.events.dispatch import TicketReopened, TicketTerminated, TicketWithdrawn
from shared.events.envelope import Payload
from shared.events.kinds import CaseKind, EmergencyLine, HandOver, Link
from shared.events.loop import (
    TicketCoordinated,
    TicketCoordinationDropped,
    TicketDeclined,
    TicketLinked,
    TicketReplyDrafted,
    TicketReplySentBack,
    TicketSplit,
)
from shared.events.words import Service
from tests.harness import Harness
from tests.services.analytics_events import WATER, created, enter, filed, hear, overview, states

CASE, MAIN = uuid4(), uuid4()
WAYS: tuple[tuple[Payload, str], ...] = (
    (TicketLinked(main=MAIN, kind=Link.REPEAT, linked_by="x"), "linked"),
    (TicketSplit(main=MAIN, reason="不是一事", split_by="x"), "accepted"),
    (
        TicketCoordinated(case=CASE, kind=CaseKind.NO_LEAD, reason="职责不清", opened_by="x"),
        "coordinating",
    ),
    (TicketCoordinationDropped(case=CASE, reason="已商定", dropped_by="x"), "accepted"),
    (TicketReplyDrafted(unit=WATER, drafted_by="x"), "checking"),
    (TicketReplySentBack(unit=WATER, reason="要素不齐", checked_by="y"), "signed"),
    (TicketTerminated(unit=WATER, opinion="已终结", script="已答复"), "terminated"),
    (TicketReopened(unit=WATER, reason="新证据"), "signed"),
    (TicketWithdrawn(unit=WATER), "withdrawn"),
    (
        TicketDeclined(
            unit=WATER,
            ground="litigation",
            source_article="ZY 9.1",
            explanation="请向法院起诉",
            reason="已立案",
            declined_by="x",
        ),
        "refused",
    ),
)


def test_every_event_of_a_ticket_is_counted_or_known_to_move_nothing() -> None:
    heard = {
        payload
        for payload in PAYLOADS.values()
        if Service.ANALYTICS in payload.heard_by and payload.type.startswith("ticket.")
    }
    assert {payload.type for payload in heard - set(FIRST) - set(CHANGES)} == {
        "ticket.abused",
        "ticket.asked_again",
        "ticket.clock_paused",
        "ticket.clock_resumed",
        "ticket.co_replied",
        "ticket.co_signed",
        "ticket.co_units_chosen",
        "ticket.deadline_moved",
        "ticket.due_soon",
        "ticket.erased",
        "ticket.extension_explained",
        "ticket.extension_requested",
        "ticket.forwarded",
        "ticket.limit_decided",
        "ticket.limit_requested",
        "ticket.moved",
        "ticket.progressed",
        "ticket.published",
        "ticket.rating_dispute_answered",
        "ticket.rating_disputed",
        "ticket.reported",
        "ticket.screened",
        "ticket.screening_requested",
        "ticket.unpublished",
        "ticket.verification_requested",
        "ticket.verified",
        "ticket.withdrawal_declined",
        "ticket.withdrawal_requested",
    }


async def test_each_way_of_a_ticket_is_a_state_of_its_own(harness: Harness) -> None:
    runtime = await harness.runtime(Service.ANALYTICS)
    analyst, ticket = await enter(harness, runtime), str(uuid4())
    await hear(harness, runtime, ticket, created())
    for payload, state in WAYS:
        await hear(harness, runtime, ticket, payload)
        assert await states(analyst) == {state: 1}
        has_ended = state in ("terminated", "withdrawn", "refused")
        assert (await overview(analyst)).get("closed", 0) == int(has_ended)


async def test_what_is_handed_over_or_answered_again_never_waits_for_a_unit(
    harness: Harness,
) -> None:
    runtime = await harness.runtime(Service.ANALYTICS)
    analyst = await enter(harness, runtime)
    over = TicketHandedOver(
        **filed(), line=EmergencyLine.FIRE, way=HandOver.TRANSFER, handed_by="HW0101"
    )
    again = TicketRepeatAnswered(**filed(), terminated=uuid4(), script="已依法终结")
    for payload in (over, again):
        await hear(harness, runtime, str(uuid4()), payload)
    assert await states(analyst) == {"handed_over": 1, "answered": 1}
