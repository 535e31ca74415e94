"""What the database holds, past all services: rows, and whether all that was said was heard."""

from typing import Any

import asyncpg

from shared.database import plain_url
from shared.events.words import Service
from shared.settings import Settings

WORKERS = (
    Service.INTAKE,
    Service.DISPATCH,
    Service.SLA,
    Service.KNOWLEDGE,
    Service.ANALYTICS,
    Service.GATEWAY,
)


async def fetch(settings: Settings, query: str, *arguments: Any) -> list[asyncpg.Record]:
    """Rows, on a connection of their own."""
    connection = await asyncpg.connect(plain_url(settings.database_url))
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()


async def drained(settings: Settings, *, but: str = "") -> bool:
    """Whether every outbox is empty and every service has heard all; of `but` nothing is asked."""
    outboxes = " UNION ALL ".join(f"SELECT 1 FROM {service}.outbox" for service in Service)
    if await fetch(settings, f"SELECT 1 FROM ({outboxes}) o LIMIT 1"):
        return False
    hearing = [service for service in WORKERS if service is not Service.KNOWLEDGE]
    behind = " UNION ALL ".join(_behind(settings.platform, service) for service in hearing)
    return await fetch(settings, f"SELECT 1 FROM ({behind}) b WHERE subject <> $1", but) == []


async def parked(settings: Settings) -> dict[Service, list[asyncpg.Record]]:
    """What each service has parked, in order; services that parked nothing are left out."""
    found = {}
    for service in WORKERS:
        found[service] = await fetch(
            settings, f"SELECT key, reason, detail, message FROM {service}.parked ORDER BY position"
        )
    return {service: rows for service, rows in found.items() if rows}


def _behind(platform: str, service: Service) -> str:
    said = {
        Service.INTAKE: "SELECT id::text AS subject, sequence FROM intake.tickets",
        Service.DISPATCH: "SELECT id::text, sequence FROM dispatch.tickets WHERE sequence > 0",
        Service.SLA: "SELECT ticket_id::text, sequence FROM sla.clocks WHERE sequence > 0",
    }
    return " UNION ALL ".join(
        f"""SELECT s.subject FROM ({query}) s (subject, sequence)
        LEFT JOIN {service}.heard h ON h.subject = s.subject
            AND h.source = '/{platform}/{source}'
        WHERE h.sequence IS DISTINCT FROM s.sequence"""
        for source, query in said.items()
        if source is not service
    )
