"""The audit: who looked at, took out or changed what is worth watching, and why (JL 五(六), ZY 10).

An entry is written in the transaction of its act, so that there is none without the other, and is
never changed or removed. A little later the sealer (`shared/audit_sealer.py`) gives it its number
and chains it to the one before.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Connection
from shared.personal import redact

CODE_LENGTH_MAX = 200
PURPOSE_LENGTH_MAX = 500
INSERT_ONE = text("""INSERT INTO audit (at, action, subject, by, purpose, detail)
VALUES (coalesce(CAST(:at AS timestamptz), clock_timestamp()), :action, :subject, :by, :purpose,
    CAST(:detail AS jsonb))""")
INSERT = """INSERT INTO audit (at, action, subject, by, purpose, detail)
SELECT $1, e.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[])
AS e (action, subject, by, purpose, detail)"""


class Entry(NamedTuple):
    """One line of the audit. It is kept for ever: no secret and nothing personal goes into it."""

    action: str
    """What was done, a noun and a verb in the past such as `caller.revealed`."""
    subject: str
    """To what: an opaque id or a code, never a name or a number that people have."""
    by: str
    """Who did it: `Principal.subject`, or the name of a task of ours."""
    purpose: str | None = None
    """Why, in the words of who did it; what looks personal in them is taken out."""
    detail: Mapping[str, object] = {}
    """Codes (text), counts and booleans alone: what came of it, which version, how many rows."""


async def note(session: AsyncSession, entry: Entry, *, at: datetime | None) -> None:
    """Write one entry, in the session's transaction.

    `at` is the time of the act; none is the database's own time.
    """
    await session.execute(INSERT_ONE, _row(entry) | {"at": at})


async def note_many(connection: Connection, entries: Sequence[Entry], *, at: datetime) -> None:
    """Write many entries of one time in one statement, in the connection's transaction."""
    if entries:
        rows = [_row(entry) for entry in entries]
        columns = [[row[name] for row in rows] for name in Entry._fields]
        await connection.execute(INSERT, at, *columns)


def _row(entry: Entry) -> dict[str, str | None]:
    for code in (entry.action, entry.subject, entry.by, *entry.detail.values()):
        is_code = isinstance(code, str) and len(code) <= CODE_LENGTH_MAX
        assert is_code or isinstance(code, int | None), (
            f"the audit of {entry.action} takes codes alone"
        )
    purpose = None if entry.purpose is None else redact(entry.purpose)[:PURPOSE_LENGTH_MAX]
    detail = orjson.dumps(dict(entry.detail), option=orjson.OPT_SORT_KEYS).decode()
    return entry._asdict() | {"purpose": purpose, "detail": detail}
