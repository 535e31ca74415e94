"""What filing does with a caller whom another platform sealed for us."""

from uuid import UUID

from services.intake.exchange_keys.operations import open_sealed
from services.intake.exchange_keys.rules import Crossing
from services.intake.exchange_keys.schemas import read_caller
from services.intake.identity import Vault
from services.intake.schemas import CallerIn, SealedCaller
from shared.runtime import Runtime


async def open_caller(
    runtime: Runtime, vault: Vault, field: SealedCaller, *, sender: str, ticket_id: UUID
) -> CallerIn:
    """Who called, where platform `sender` sealed it with its ticket's id. Raises `Malformed`."""
    receiver = runtime.settings.platform
    crossing = Crossing(sender, receiver, ticket_id, field.key_id, field.purpose)
    async with runtime.database.sessions() as session:
        content = await open_sealed(session, vault, field.sealed, crossing)
    return read_caller(content)
