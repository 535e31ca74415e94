"""Sending what callers are told, to the number on file; the vault is opened here and then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from services.intake.emergencies.addresses import resolve_offices
from services.intake.identity import Vault
from services.intake.notices.rules import CODE_PLACE, reach_of
from services.intake.rules import query_code
from shared.database import Connection
from shared.notices import Address, Claimed, NoticeKind, Notifier, send_notices
from shared.notifiers import open_notifier
from shared.runtime import Runtime
from shared.worker import Task

FIND = "SELECT id, identity FROM tickets WHERE id = ANY($1::uuid[]) AND identity IS NOT NULL"


def tasks(runtime: Runtime) -> dict[str, Task]:
    """The loop that sends."""
    return {"notices": lambda: send_all(runtime)}


async def send_all(runtime: Runtime) -> None:
    """Send to callers, for ever."""
    vault = Vault(runtime)
    await vault.ready()
    async with open_notifier(runtime.settings) as notifier:
        with_code = WithCode(notifier, vault)
        await send_notices(runtime, partial(resolve, vault), with_code)


async def resolve(
    vault: Vault, connection: Connection, notices: Sequence[Claimed]
) -> Mapping[UUID, Sequence[Address]]:
    """The number or mail address that the caller of each ticket left; nothing for none."""
    callers = [one for one in notices if one.kind is NoticeKind.CALLER]
    rows = await connection.fetch(FIND, [UUID(one.to) for one in callers])
    known = {row["id"]: reach_of(await vault.open(row["identity"], row["id"])) for row in rows}
    found: dict[UUID, Sequence[Address]] = {
        one.id: (Address(*reach),)
        for one in callers
        if (reach := known.get(UUID(one.to))) is not None
    }
    return found | dict(await resolve_offices(vault, connection, notices))


@dataclass(frozen=True, slots=True)
class WithCode:
    """Puts the query code into the words when they leave: until then it is nowhere."""

    inner: Notifier
    vault: Vault

    async def send(self, notice: Claimed, addresses: Sequence[Address]) -> None:
        """Send one notice whole. Raises `NotSent`."""
        if CODE_PLACE in notice.text:
            code = query_code(UUID(notice.to), self.vault.query_code_key)
            notice = replace(notice, text=notice.text.replace(CODE_PLACE, code))
        await self.inner.send(notice, addresses)
