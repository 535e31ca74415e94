"""What must hold in the end: nothing lost, nothing twice, in order, and the same on all sides."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.calendars import national_calendar
from shared.events.words import RequestType, Role, Step, Urgency
from shared.jurisdictions import is_passed_on
from shared.policy.deadlines import Matter, Moments, deadlines
from shared.policy.load import pack_for
from tests.faults.truth import check_events
from tests.federation.filing import Ledger
from tests.federation.processes import EVERYWHERE, Ours
from tests.federation.world import (
    CITIES,
    FIRST,
    FOREIGN,
    HOME,
    OURS,
    PROVINCE,
    SECOND,
    TO_FIRST,
    TO_FOREIGN,
    TO_SECOND,
    World,
)

ENDS = {TO_SECOND: SECOND, TO_FIRST: FIRST, TO_FOREIGN: FOREIGN}
SENT = "SELECT id::text, subject, sequence, encode(digest, 'hex') AS digest FROM gateway.sent"
RECEIVED = """SELECT id::text, subject, sequence, encode(digest, 'hex') AS digest
FROM gateway.received_messages"""
HELD = {
    "intake": "SELECT id::text FROM intake.tickets WHERE (origin IS NULL) = $1",
    "dispatch": "SELECT id::text FROM dispatch.tickets WHERE (origin IS NULL) = $1",
    "sla": """SELECT ticket_id::text AS id FROM sla.clocks
        JOIN intake.tickets t ON t.id = ticket_id WHERE (t.origin IS NULL) = $1""",
    "analytics": """SELECT f.id::text FROM analytics.facts f
        JOIN intake.tickets t ON t.id = f.id WHERE (t.origin IS NULL) = $1""",
}


async def check_truth(world: World, ledger: Ledger) -> dict[str, int]:
    """Compare everything with everything; how much was compared."""
    counts = {}
    for one in world.ours.values():
        await check_events(one.settings)
        counts[f"deadlines of {one.code}"] = await _check_deadlines(one)
    for code in CITIES:
        await _check_held(world.ours[code], ledger.filed[code])
        counts[f"messages {code} to {PROVINCE}"] = await _check_line(world, code, PROVINCE)
        counts[f"messages {PROVINCE} to {code}"] = await _check_line(world, PROVINCE, code)
        counts[f"tickets of {code} mirrored"] = await _check_mirror(world, code)
    counts |= await _check_foreign(world, ledger)
    counts["crossed and closed"] = await _check_crossed(world, ledger)
    await _check_days(world, ledger)
    return counts


async def _check_held(city: Ours, filed: Collection[str]) -> None:
    """All services hold exactly the tickets that were acknowledged, each once."""
    for name, query in HELD.items():
        found = [row["id"] for row in await city.fetch(query, True)]
        assert len(found) == len(set(found)), f"{city.code} {name} holds a ticket twice"
        lost, more = set(filed) - set(found), set(found) - set(filed)
        assert not lost, f"{city.code} {name} lost {len(lost)}"
        assert not more, f"{city.code} {name} has {len(more)} that nobody was told of"


async def _check_line(world: World, sender: str, receiver: str) -> int:
    """What one sent the other has, the same, each once; the numbers of each subject are whole."""
    sent = await world.ours[sender].fetch(f"{SENT} WHERE peer = $1", receiver)
    received = await world.ours[receiver].fetch(f"{RECEIVED} WHERE from_platform = $1", sender)
    _check_same(f"{sender} to {receiver}", map(tuple, sent), map(tuple, received))
    _check_whole(f"{sender} to {receiver}", [(row["subject"], row["sequence"]) for row in sent])
    last = await world.ours[receiver].fetch(
        """SELECT r.subject FROM gateway.received r JOIN (
            SELECT subject, max(sequence) AS last FROM gateway.received_messages
            WHERE from_platform = $1 GROUP BY 1) m USING (subject)
        WHERE r.from_platform = $1 AND r.last <> m.last""",
        sender,
    )
    assert not last, f"{sender} to {receiver}: {len(last)} subjects stand elsewhere"
    return len(sent)


def _check_same(what: str, sent: Any, received: Any) -> None:
    there, here = list(sent), list(received)
    assert len(there) == len(set(there)), f"{what}: sent twice"
    assert len(here) == len(set(here)), f"{what}: received twice"
    assert set(there) == set(here), f"{what}: {len(set(there) ^ set(here))} differ"


def _check_whole(what: str, places: list[tuple[str, int]]) -> None:
    numbers: dict[str, list[int]] = {}
    for subject, sequence in places:
        numbers.setdefault(subject, []).append(sequence)
    for subject, found in numbers.items():
        assert sorted(found) == list(range(1, len(found) + 1)), f"{what}: gap in {subject}"


async def _check_mirror(world: World, city: str) -> int:
    """The province counts the city's tickets as the city does, and each stands where it stands."""
    province = world.ours[PROVINCE]
    own = await world.ours[city].fetch(
        """SELECT id::text, state, dispatched_at, signed_at, replied_at, closed_at, unit
        FROM analytics.facts"""
    )
    seen = await province.fetch(
        """SELECT id::text, state, dispatched_at, signed_at, replied_at, closed_at, unit
        FROM analytics.mirrored_tickets WHERE platform = $1""",
        city,
    )
    _check_same(f"the mirror of {city}", map(tuple, own), map(tuple, seen))
    async with (
        # The trial has but one city for each province: the second one lies in another.
        province.client(Role.SUPERVISOR, place=EVERYWHERE) as at_province,
        world.ours[city].client(Role.SUPERVISOR) as at_city,
    ):
        mirror = (await at_province.get("/v1/analytics/mirror", params={"platform": city})).json()
        counts = (await at_city.get("/v1/analytics/counts", params={"by": "day"})).json()
    by_day = {one["day"]: one["count"] for one in counts["items"]}
    assert {one["day"]: one["tickets"] for one in mirror["items"]} == by_day
    return len(own)


async def _check_foreign(world: World, ledger: Ledger) -> dict[str, int]:
    """The foreign city and the province have the same of each other."""
    province, foreign = world.ours[PROVINCE], world.foreign
    columns = "id, subject, sequence, digest"
    for ours, theirs, where in ((SENT, "received", "peer"), (RECEIVED, "sent", "from_platform")):
        here = await province.fetch(f"{ours} WHERE {where} = $1", FOREIGN)
        there = await foreign.fetch(f"SELECT {columns} FROM {theirs}")
        _check_same(f"{theirs} of {FOREIGN}", map(tuple, here), there)
        _check_whole(f"{theirs} of {FOREIGN}", [(row[1], row[2]) for row in there])
    state = await foreign.ask("GET", "/foreign/state")
    assert (state["set_aside"], state["waiting"], state["blocked"]) == (0, 0, 0), state
    query = "SELECT id::text FROM analytics.mirrored_tickets WHERE platform = $1"
    mirrored = {row["id"] for row in await province.fetch(query, FOREIGN)}
    assert set(ledger.foreign_up) <= mirrored
    return {f"messages {FOREIGN} to {PROVINCE}": state["sent"]}


async def _check_crossed(world: World, ledger: Ledger) -> int:
    """Each ticket that crossed is one ticket on each platform of its way, closed on all."""
    for category, end in ENDS.items():
        home = HOME[category]
        tickets = [ticket for ticket, found in ledger.across.items() if found == category]
        await _check_states(world.ours[home], tickets)
        between = await _linked(world.ours[PROVINCE], home, tickets)
        if end in OURS:
            await _linked(world.ours[end], PROVINCE, between)
        else:
            query = "SELECT subject FROM received WHERE kind = 'forward'"
            handled = [row[0] for row in await world.foreign.fetch(query)]
            assert sorted(handled) == sorted(between), "the foreign city handles each once"
    between = await _linked(world.ours[PROVINCE], FOREIGN, ledger.of_foreign)
    await _linked(world.ours[FIRST], PROVINCE, between)
    for one in world.ours.values():
        [[linked]] = await one.fetch("SELECT count(*) FROM intake.tickets WHERE origin IS NOT NULL")
        [[crossed]] = await one.fetch("SELECT count(*) FROM gateway.forwarded_in")
        assert linked == crossed, f"{one.code} filed {linked} of {crossed}"
    return len(ledger.across) + len(ledger.of_foreign)


async def _linked(platform: Ours, origin: str, tickets: Collection[str]) -> list[str]:
    """The tickets that came of these, one of each, all closed."""
    rows = await platform.fetch(
        """SELECT origin->>'ticket_id' AS origin, id::text FROM intake.tickets
        WHERE origin->>'platform' = $1 AND origin->>'ticket_id' = ANY($2::text[])""",
        origin,
        list(tickets),
    )
    found = [row["origin"] for row in rows]
    assert sorted(found) == sorted(tickets), f"{platform.code} of {origin}: lost or doubled"
    made = [row["id"] for row in rows]
    await _check_states(platform, made)
    return made


async def _check_states(platform: Ours, tickets: Collection[str]) -> None:
    for service in ("dispatch", "intake"):
        rows = await platform.fetch(
            f"""SELECT state, count(*) FROM {service}.tickets
            WHERE id::text = ANY($1::text[]) GROUP BY 1""",
            list(tickets),
        )
        found = dict(map(tuple, rows))
        assert found == ({"closed": len(tickets)} if tickets else {}), f"{platform.code} {service}"


async def _check_days(world: World, ledger: Ledger) -> None:
    """Reconciliation, as people do it, finds nothing to tell again on any side."""
    day, today = ledger.began.date(), datetime.now(UTC).date()
    while day <= today:
        for one in world.ours.values():
            code, shown = await one.command("federation", "reconcile", "--day", str(day))
            peers = 3 if one.code == PROVINCE else 1
            assert (code, shown.count("一致")) == (0, peers), shown
        asked = {"peer": PROVINCE, "day": str(day)}
        assert (await world.foreign.ask("POST", "/foreign/reconcile", asked))["lacking"] == 0
        day += timedelta(days=1)


async def _check_deadlines(platform: Ours) -> int:
    """Every deadline of a unit is what this platform's own pack says of its own acts."""
    rows = await platform.fetch(
        """SELECT c.ticket_id::text AS id, d.step, d.due_at, t.jurisdiction, t.request_type,
            t.accepted_at, t.dispatched_at, t.signed_at, t.origin, d.state
        FROM sla.clocks c JOIN sla.deadlines d USING (ticket_id)
        JOIN dispatch.tickets t ON t.id = c.ticket_id
        WHERE d.step <> 'follow-up'"""
    )
    assert rows
    calendar = national_calendar()
    for row in rows:
        assert row["jurisdiction"] == platform.code
        passed_on = is_passed_on(row["origin"], row["jurisdiction"])
        matter = Matter(RequestType(row["request_type"]), Urgency.NORMAL, is_passed_on=passed_on)
        moments = Moments(row["accepted_at"], row["dispatched_at"], row["signed_at"])
        due = deadlines(pack_for(platform.code), calendar, matter, moments)[Step(row["step"])]
        assert due.due_at == row["due_at"], f"{platform.code} {row['id']} {row['step']}"
    return len(rows)
