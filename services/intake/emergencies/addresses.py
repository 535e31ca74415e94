"""Where notices to governments go: the sealed duty numbers, opened when they are sent."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.intake.emergencies.operations import DutyNumber, open_contacts
from services.intake.identity import Vault
from shared.database import Connection
from shared.notices import Address, Claimed, NoticeKind

FIND = "SELECT jurisdiction, sealed FROM contacts WHERE jurisdiction = ANY($1::text[])"


async def resolve_offices(
    vault: Vault, connection: Connection, notices: Sequence[Claimed]
) -> Mapping[UUID, Sequence[Address]]:
    """The duty numbers of each government that is told; nothing where none was given."""
    offices = [one for one in notices if one.kind is NoticeKind.OFFICE]
    if not offices:
        return {}
    rows = await connection.fetch(FIND, list({one.to for one in offices}))
    numbers = dict[str, list[Address]]()
    for row in rows:
        contacts = await open_contacts(vault, row["jurisdiction"], row["sealed"])
        numbers[row["jurisdiction"]] = _addresses(contacts)
    return {one.id: numbers[one.to] for one in offices if one.to in numbers}


def _addresses(contacts: Sequence[DutyNumber]) -> list[Address]:
    phones = [Address("phone", one.phone) for one in contacts if one.phone]
    return phones + [Address("email", one.email) for one in contacts if one.email]
