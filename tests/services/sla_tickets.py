"""Tickets for the tests of sla: intake and dispatch, its neighbours, are played by the test."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from services.sla.consumer import handlers
from services.sla.questions.operations import claim_due
from services.sla.worker import claim_batch
from shared.database import Connection
from shared.events.dispatch import (
    DeadlineJudged,
    TicketDispatched,
    TicketInterimClosed,
    TicketProgressed,
    TicketReopened,
    TicketReplied,
    TicketResponded,
    TicketReturnDecided,
    TicketReturnRequested,
    TicketSigned,
)
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketCreated
from shared.events.sla import DeadlineReached, TicketOverdue
from shared.events.words import (
    Channel,
    RequestType,
    ReturnDecision,
    ReturnGround,
    Service,
    Step,
    Verdict,
)
from shared.policy.load import pack_for
from shared.runtime import Runtime
from tests.harness import Harness

MONDAY = datetime.fromisoformat("2026-03-02T09:00+08:00")
"""A working day in working hours; the week after it has no holiday."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
UNIT = "512000-001"


def created(
    jurisdiction: str = "512000", *, policy: str | None = None, **fields: Any
) -> TicketCreated:
    """A complaint that was accepted, but for what `fields` say."""
    filed = TicketCreated(
        number="20260302000001",
        jurisdiction=jurisdiction,
        request_type=RequestType.COMPLAINT,
        title="路灯不亮",
        content="路口的路灯三天没有亮。",
        channel=Channel.PHONE,
        policy=policy or pack_for(jurisdiction).content_hash,
    )
    return filed.model_copy(update=fields)


def dispatched(unit: str = UNIT, *, nth: int = 1) -> TicketDispatched:
    """A dispatch in round `nth`."""
    return TicketDispatched(unit=unit, unit_name="城管局", round=nth, dispatched_by="operator")


def signed(unit: str = UNIT) -> TicketSigned:
    """A signature."""
    return TicketSigned(unit=unit, signed_by="clerk")


def returned() -> TicketReturnRequested:
    """A return."""
    return TicketReturnRequested(
        unit=UNIT,
        ground=ReturnGround.NOT_OUR_DUTY,
        reason="不属于本单位职责",
        legal_basis="三定方案",
        proposed_unit="512000-002",
        requested_by="clerk",
    )


def decided(decision: ReturnDecision) -> TicketReturnDecided:
    """A return's decision."""
    return TicketReturnDecided(unit=UNIT, decision=decision, reason="已核", decided_by="operator")


def replied() -> TicketReplied:
    """A checked reply."""
    return TicketReplied(
        unit=UNIT,
        reply=1,
        findings="线路损坏",
        basis="照明管理规定",
        result="已修复",
        contact="已电话告知",
        replied_by="clerk",
    )


def responded() -> TicketResponded:
    """A first response to an emergency."""
    return TicketResponded(unit=UNIT, text="已到场处置", responded_by="clerk")


def interim_closed(at: datetime) -> TicketInterimClosed:
    """An interim close that promises an end."""
    return TicketInterimClosed(
        unit=UNIT, progress="施工中", next_step="验收", promised_at=at + 60 * DAY, closed_by="clerk"
    )


def progressed() -> TicketProgressed:
    """A report of how the handling gets on."""
    return TicketProgressed(unit=UNIT, text="施工过半", reported_by="clerk")


def reopened() -> TicketReopened:
    """A redo."""
    return TicketReopened(unit=UNIT, reason="未解决")


def judged(question: DeadlineReached, *, act_at: datetime | None) -> DeadlineJudged:
    """The truthful answer to `deadline.reached` of an owner whose act was done at `act_at`."""
    is_met = act_at is not None and act_at <= question.due_at
    return DeadlineJudged(
        step=question.step,
        version=question.version,
        due_at=question.due_at,
        verdict=Verdict.MET if is_met else Verdict.MISSED,
        act_at=act_at,
    )


@dataclass
class Sla:
    """sla on a stepped clock, with its neighbours played by the test."""

    harness: Harness
    runtime: Runtime
    ticket: UUID = field(default_factory=uuid4)

    async def hear(
        self, payload: Payload, at: datetime, *, ticket: UUID | None = None
    ) -> Event[Payload]:
        """Let sla hear what happened to a ticket at a time; returns the event."""
        event = self.harness.event(payload, str(ticket or self.ticket), time=at)
        await self.harness.hear(self.runtime, handlers(self.runtime), event)
        return event

    async def look(self, at: datetime) -> list[Payload]:
        """Step the clock and look once; returns what was said of the ticket by that look."""
        before = len(await self.said())
        self.harness.clock.step_to(at)
        await claim_batch(self.runtime, limit=1000)
        return (await self.said())[before:]

    async def ask(self, at: datetime) -> DeadlineReached:
        """Step the clock to a time at which exactly one deadline is reached; returns its event."""
        (question,) = [said for said in await self.look(at) if isinstance(said, DeadlineReached)]
        return question

    async def said(self, ticket: UUID | None = None) -> list[Payload]:
        """All that sla has said of a ticket."""
        events = await self.harness.said(self.runtime)
        return [event.data for event in events if event.subject == str(ticket or self.ticket)]

    async def overdue(self) -> list[TicketOverdue]:
        """What was said to be overdue."""
        return [said for said in await self.said() if isinstance(said, TicketOverdue)]

    async def deadline(self, step: Step, version: int = 1) -> asyncpg.Record:
        """One deadline of the ticket."""
        row = await self.runtime.database.pool.fetchrow(
            "SELECT * FROM deadlines WHERE ticket_id = $1 AND step = $2 AND version = $3",
            self.ticket,
            step,
            version,
        )
        assert row is not None, f"there is no version {version} of {step}"
        return row

    async def states(self) -> dict[str, str]:
        """The state of each deadline of the ticket, by step and version: `sign 1`."""
        rows = await self.runtime.database.pool.fetch(
            "SELECT step, version, state FROM deadlines WHERE ticket_id = $1", self.ticket
        )
        return {f"{row['step']} {row['version']}": row["state"] for row in rows}

    async def claim(self, connection: Connection, limit: int) -> int:
        """A claim on a connection of the test's own."""
        return await claim_due(
            connection, source=self.runtime.source, now=self.harness.clock.stepped, limit=limit
        )


async def open_sla(harness: Harness, *, at: datetime = MONDAY) -> Sla:
    """sla with its clock at a time."""
    harness.clock.stepped = at
    return Sla(harness, await harness.runtime(Service.SLA))
