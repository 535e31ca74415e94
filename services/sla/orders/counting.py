"""From incidents to orders: each is counted for every ground that it may give (C5)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from services.sla.incidents import operations as incidents
from services.sla.incidents.operations import Incident, Place, Question, Tally
from services.sla.orders import operations
from services.sla.orders.rules import Cause
from shared.inbox import Heard, Wait
from shared.policy.law import Law
from shared.policy.model import Pack
from shared.policy.supervision import Ground, Happening, grounds_of
from shared.runtime import Runtime


async def count_and_raise(
    heard: Heard,
    noted: Sequence[tuple[Incident, bool]],
    traces: Mapping[UUID, str | None],
    *,
    runtime: Runtime,
) -> None:
    """Write down what is new, count it for every ground that it may give, and raise orders.

    Each incident comes with whether its step is still not done. Raises `Wait` for a ticket or a
    policy that was not heard of.
    """
    if not noted:
        return
    connection = heard.connection
    await operations.lock_orders(connection)
    fresh = await incidents.add_incidents(connection, [incident for incident, _ in noted])
    if not fresh:
        return
    law = await runtime.law_book.read(connection)
    places = await incidents.find_places(connection, [one.ticket_id for one in fresh])
    undone = {incident for incident, is_undone in noted if is_undone}
    asked: list[tuple[Incident, Ground, Place, Pack]] = []
    for one in fresh:
        place = places[one.ticket_id]
        pack = _pack(law, place.policy)
        happening = Happening(one.trigger, one.step, one in undone)
        asked += [(one, ground, place, pack) for ground in grounds_of(pack.supervision, happening)]
    counted = await operations.find_counted(
        connection, [(one.unit, _matter(one, ground), ground.code) for one, ground, *_ in asked]
    )
    due = [(*one, after) for one, after in zip(asked, counted, strict=True) if after is not None]
    tallies = await incidents.count_incidents(
        connection, [_question(one, ground, after) for one, ground, *_, after in due]
    )
    causes = [
        _cause(one, ground, place, pack, tally=tally, traceparent=traces[one.ticket_id])
        for (one, ground, place, pack, _), tally in zip(due, tallies, strict=True)
    ]
    await operations.raise_orders(connection, causes, law, source=runtime.source, now=heard.now)


def _question(one: Incident, ground: Ground, after: int) -> Question:
    is_of_ticket = ground.per == "ticket"
    return Question(
        unit=one.unit,
        trigger=one.trigger,
        steps=ground.steps,
        ticket_id=one.ticket_id if is_of_ticket else None,
        since=None
        if ground.window is None
        else one.happened_at - timedelta(days=ground.window.days),
        until=one.happened_at,
        after=after,
    )


def _cause(
    one: Incident,
    ground: Ground,
    place: Place,
    pack: Pack,
    *,
    tally: Tally,
    traceparent: str | None,
) -> Cause:
    evidence: dict[str, Any] = {"times": tally.times, "incidents": orjson.loads(tally.shown)}
    if ground.window is not None:
        evidence["days"] = ground.window.days
    return Cause(
        pack=pack,
        ground=ground,
        unit=one.unit,
        matter=_matter(one, ground),
        jurisdiction=place.jurisdiction,
        evidence=evidence,
        ticket_id=one.ticket_id if ground.per == "ticket" else None,
        step=one.step,
        times=tally.times,
        counted_to=tally.counted_to,
        traceparent=traceparent,
    )


def _matter(one: Incident, ground: Ground) -> str:
    return str(one.ticket_id) if ground.per == "ticket" else ground.code


def _pack(law: Law, policy: str) -> Pack:
    pack = law.pack(policy)
    if pack is None:
        raise Wait(f"policy {policy} was not heard of")
    return pack
