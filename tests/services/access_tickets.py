"""Tickets of random places and units, each with a secret word, and whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from shared.access import BUSINESS, UNIT_SIDE
from shared.events.words import Role
from shared.runtime import Runtime
from shared.security import Principal

PLACES = ("510000", "512000", "512021", "512021101", "620000", "620100")
UNITS = ("512000-water", "512000-housing", "512021-office")
INSERT = """INSERT INTO tickets (id, number, jurisdiction, request_type, urgency, is_enforcement,
    title, content, channel, state, unit, about_unit, handled_in, secrecy, co_units, main,
    link_kind, accepted_at, round, replies, timeline_length, sequence)
SELECT i, i::text, j, 'complaint', 'normal', false, w, w, 'phone', s, u, a, h, l,
    CASE WHEN c IS NULL THEN '{}'::text[] ELSE ARRAY[c] END, m, CASE WHEN m IS NULL THEN NULL
    ELSE 'member' END, now(), 1, 0, 1, 1
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::uuid[], $10::text[]) AS g (i, j, w, u, a, h, l, c, m, s)"""
TIMELINE = """INSERT INTO timeline (ticket_id, position, event, at, round, unit, text)
SELECT id, 1, 'ticket.progressed', now(), 1, unit, title FROM tickets"""
CO_HANDLERS = """INSERT INTO co_handlers (ticket_id, round, unit, chosen_at, is_open, signed_by)
SELECT id, 1, co_units[1], now(), true, title FROM tickets WHERE co_units <> '{}'"""
EMPTY = "DELETE FROM timeline; DELETE FROM co_handlers; DELETE FROM tickets"


@dataclass(frozen=True)
class Drawn:
    """A ticket, as far as it matters whose it is."""

    place: str
    handled_in: str | None
    unit: str | None
    about_unit: str | None
    co_unit: str | None
    secrecy: str
    goes_with_first: bool


tickets = st.builds(
    Drawn,
    place=st.sampled_from(PLACES),
    handled_in=st.sampled_from((None, None, *PLACES)),
    unit=st.sampled_from((None, *UNITS)),
    about_unit=st.sampled_from((None, None, *UNITS)),
    co_unit=st.sampled_from((None, None, *UNITS)),
    secrecy=st.sampled_from(("normal", "internal", "sensitive")),
    goes_with_first=st.booleans(),
)
principals = st.builds(
    Principal,
    subject=st.just("HW0107"),
    role=st.sampled_from(Role),
    jurisdiction=st.sampled_from((*PLACES, "000000")),
    unit=st.sampled_from(UNITS),
)


def lies_in(outer: str, inner: str | None) -> bool:
    """Whether a code lies in another; written anew here, digit by digit."""
    if inner is None:
        return False
    for width in (2, 4, 6, 9):
        if set(outer[width:]) <= {"0"}:
            shown = "" if set(outer) == {"0"} else outer[:width]
            return inner.startswith(shown)
    return inner == outer


def may_see(one: Drawn, first: Drawn, asker: Principal) -> bool:
    """Whose a ticket is, as the documents say it."""
    if asker.role in UNIT_SIDE:
        if one.about_unit == asker.unit:
            return False
        with_main = one.goes_with_first and one is not first and first.unit == asker.unit
        return asker.unit in (one.unit, one.co_unit) or with_main
    if asker.role not in BUSINESS:
        return False
    if one.secrecy == "sensitive" and asker.role is not Role.SUPERVISOR:
        return False
    return lies_in(asker.jurisdiction, one.place) or lies_in(asker.jurisdiction, one.handled_in)


def word(number: int) -> str:
    """The secret word of a ticket."""
    return f"secret{number:03d}"


async def put(runtime: Runtime, drawn: Sequence[Drawn]) -> list[UUID]:
    """The tickets into dispatch's tables, in the place of all that were there."""
    ids = [uuid7() for _ in drawn]
    mains = [ids[0] if one.goes_with_first and n else None for n, one in enumerate(drawn)]
    pool = runtime.database.pool
    await pool.execute(EMPTY)
    await pool.execute(
        INSERT,
        ids,
        [one.place for one in drawn],
        [word(number) for number in range(len(drawn))],
        [one.unit for one in drawn],
        [one.about_unit for one in drawn],
        [one.handled_in for one in drawn],
        [one.secrecy for one in drawn],
        [one.co_unit for one in drawn],
        mains,
        ["accepted" if one.unit is None else "signed" for one in drawn],
    )
    await pool.execute(TIMELINE)
    await pool.execute(CO_HANDLERS)
    return [UUID(str(one)) for one in ids]
