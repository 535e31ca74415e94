"""What must hold when all is drained: nothing lost, nothing twice, in order, deadlines right."""

from shared.calendars import national_calendar
from shared.events.words import RequestType, Service, Step, Urgency
from shared.policy.deadlines import Matter, Moments, deadlines
from shared.policy.load import pack_for
from shared.settings import Settings
from tests.faults.held import fetch, parked
from tests.faults.traffic import Reachable, Traffic


async def check_truth(platform: Reachable, traffic: Traffic) -> None:
    """Compare what was acknowledged and said with what every service holds."""
    await check_tickets(platform.settings, traffic)
    await check_events(platform.settings)
    await check_deadlines(platform.settings)


async def check_tickets(settings: Settings, traffic: Traffic) -> None:
    """All services hold the same tickets, those acknowledged among them, in their states."""
    held = {
        "intake": "SELECT id::text FROM intake.tickets",
        "dispatch": "SELECT id::text FROM dispatch.tickets",
        "sla": "SELECT ticket_id::text AS id FROM sla.clocks",
        "analytics": "SELECT id::text FROM analytics.facts",
    }
    for name, query in held.items():
        found = [row["id"] for row in await fetch(settings, query)]
        assert len(found) == len(set(found)), f"{name} holds a ticket twice"
        assert traffic.filed <= set(found), f"{name} lost {traffic.filed - set(found)}"
    stored = {row["id"] for row in await fetch(settings, held["intake"])}
    for name, query in held.items():
        assert stored == {row["id"] for row in await fetch(settings, query)}, name
    rows = await fetch(settings, "SELECT id::text, state FROM dispatch.tickets")
    states = {row["id"]: row["state"] for row in rows}
    assert {states[ticket] for ticket in traffic.replied} <= {"replied"}
    assert {states[ticket] for ticket in traffic.signed} <= {"signed", "replied"}


async def check_events(settings: Settings) -> None:
    """Nothing is parked, and no source's sequence of a ticket has a gap."""
    assert await parked(settings) == {}
    gaps = await fetch(
        settings,
        """SELECT source, subject, count(*), max(sequence) FROM analytics.events
        GROUP BY source, subject HAVING count(*) <> max(sequence) OR min(sequence) <> 1 LIMIT 5""",
    )
    assert gaps == [], "events lost or doubled in analytics"
    for service in (Service.DISPATCH, Service.INTAKE):
        behind = await fetch(
            settings,
            f"""SELECT e.source, e.subject, max(e.sequence), h.sequence FROM analytics.events e
            JOIN {service}.heard h USING (source, subject)
            GROUP BY 1, 2, 4 HAVING max(e.sequence) <> h.sequence LIMIT 5""",
        )
        assert behind == [], f"{service} has not heard what analytics has: {behind}"


async def check_deadlines(settings: Settings) -> None:
    """Every deadline of a unit is what the pack says of dispatch's acts; none is overdue."""
    rows = await fetch(
        settings,
        """SELECT c.ticket_id::text AS id, d.step, d.due_at, t.accepted_at, t.dispatched_at,
            t.signed_at, d.state, d.act_at
        FROM sla.clocks c JOIN sla.deadlines d USING (ticket_id)
        JOIN dispatch.tickets t ON t.id = c.ticket_id
        WHERE d.step <> 'follow-up'""",
    )
    assert rows
    pack, matter = pack_for("512000"), Matter(RequestType.HELP, Urgency.NORMAL)
    for row in rows:
        moments = Moments(row["accepted_at"], row["dispatched_at"], row["signed_at"])
        due = deadlines(pack, national_calendar(), matter, moments)[Step(row["step"])]
        assert due.due_at == row["due_at"], f"{row['id']} {row['step']}"
    overdue = [row["id"] for row in rows if row["state"] == "overdue"]
    assert overdue == [], "every act was in time"
