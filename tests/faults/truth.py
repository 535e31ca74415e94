"""What must hold when all is drained: nothing lost, nothing twice, in order, deadlines right."""

from shared.calendars import national_calendar
from shared.events.words import RequestType, Service, Step, Urgency
from shared.policy.deadlines import Matter, Moments, deadlines
from shared.policy.load import pack_for
from tests.faults.cluster import WORKERS, Cluster
from tests.faults.traffic import Traffic


async def check_truth(cluster: Cluster, traffic: Traffic) -> None:
    """Compare what was acknowledged and said with what every service holds."""
    await _check_tickets(cluster, traffic)
    await _check_events(cluster)
    await _check_deadlines(cluster)


async def _check_tickets(cluster: Cluster, traffic: Traffic) -> None:
    held = {
        "intake": "SELECT id::text FROM intake.tickets",
        "dispatch": "SELECT id::text FROM dispatch.tickets",
        "sla": "SELECT ticket_id::text AS id FROM sla.clocks",
        "analytics": "SELECT id::text FROM analytics.facts",
    }
    for name, query in held.items():
        found = [row["id"] for row in await cluster.fetch(query)]
        assert len(found) == len(set(found)), f"{name} holds a ticket twice"
        assert traffic.filed <= set(found), f"{name} lost {traffic.filed - set(found)}"
    stored = {row["id"] for row in await cluster.fetch(held["intake"])}
    for name, query in held.items():
        assert stored == {row["id"] for row in await cluster.fetch(query)}, name
    rows = await cluster.fetch("SELECT id::text, state FROM dispatch.tickets")
    states = {row["id"]: row["state"] for row in rows}
    assert {states[ticket] for ticket in traffic.replied} <= {"replied"}
    assert {states[ticket] for ticket in traffic.signed} <= {"signed", "replied"}


async def _check_events(cluster: Cluster) -> None:
    for service in WORKERS:
        parked = await cluster.fetch(f"SELECT key, reason, detail FROM {service}.parked LIMIT 5")
        assert parked == [], f"{service} parked {parked}"
    gaps = await cluster.fetch(
        """SELECT source, subject, count(*), max(sequence) FROM analytics.events
        GROUP BY source, subject HAVING count(*) <> max(sequence) OR min(sequence) <> 1 LIMIT 5"""
    )
    assert gaps == [], "events lost or doubled in analytics"
    for service in (Service.DISPATCH, Service.INTAKE):
        behind = await cluster.fetch(
            f"""SELECT e.source, e.subject, max(e.sequence), h.sequence FROM analytics.events e
            JOIN {service}.heard h USING (source, subject)
            GROUP BY 1, 2, 4 HAVING max(e.sequence) <> h.sequence LIMIT 5"""
        )
        assert behind == [], f"{service} has not heard what analytics has: {behind}"


async def _check_deadlines(cluster: Cluster) -> None:
    rows = await cluster.fetch(
        """SELECT c.ticket_id::text AS id, d.step, d.due_at, t.accepted_at, t.dispatched_at,
            t.signed_at, d.state, d.act_at
        FROM sla.clocks c JOIN sla.deadlines d USING (ticket_id)
        JOIN dispatch.tickets t ON t.id = c.ticket_id"""
    )
    assert rows
    pack, matter = pack_for("512000"), Matter(RequestType.HELP, Urgency.NORMAL)
    for row in rows:
        moments = Moments(row["accepted_at"], row["dispatched_at"], row["signed_at"])
        due = deadlines(pack, national_calendar(), matter, moments)[Step(row["step"])]
        assert due.due_at == row["due_at"], f"{row['id']} {row['step']}"
    overdue = [row["id"] for row in rows if row["state"] == "overdue"]
    assert overdue == [], "every act was in time"
