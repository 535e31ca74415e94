"""The gateway's secrets under its key of now: of subscriptions, second factors, own keys."""

from typing import Any

from services.gateway.issuer.sealing import PURPOSE as ISSUER
from services.gateway.peers.keys import PURPOSE as OWN_KEYS
from services.gateway.subscriptions.sealing import PURPOSE as SUBSCRIPTIONS
from services.gateway.subscriptions.sealing import unseal
from shared import audit
from shared.crypto import sealing
from shared.crypto.resealing import Place, reseal
from shared.runtime import Runtime
from shared.settings import Settings

NOW = "SELECT clock_timestamp()"


async def reseal_secrets(runtime: Runtime, *, by: str, limit: int) -> int:
    """Seal anew with the newest key and the suite of now; return how many, `limit` at most.

    Raises `MasterKeyMissing` for a key that the settings have no more, `CannotOpen` for what was
    changed.
    """
    settings, done = runtime.settings, 0
    async with runtime.database.pool.acquire() as connection:
        for place in _places(settings):
            wanted = sealing.header(settings)
            done += await reseal(connection, place, wanted=wanted, limit=limit - done)
        entry = audit.Entry("keys.resealed", "gateway", by, None, {"count": done})
        await audit.note_many(connection, [entry], at=await connection.fetchval(NOW))
    return done


def _places(settings: Settings) -> tuple[Place, ...]:
    return (
        _place(settings, SUBSCRIPTIONS, "subscriptions", "id", "secret"),
        _place(settings, ISSUER, "credentials", "person_id", "code_secret"),
        _place(settings, ISSUER, "issuer_keys", "id", "private_key"),
        _place(settings, OWN_KEYS, "own_keys", "key_id", "private_key", kind="text"),
    )


def _place(
    settings: Settings, purpose: bytes, table: str, key: str, column: str, *, kind: str = "uuid"
) -> Place:
    def owner(name: Any) -> bytes:  # noqa: ANN401  a UUID or a text
        return name.encode() if kind == "text" else name.bytes  # type: ignore[no-any-return]

    async def open_one(sealed: bytes, name: Any) -> bytes:  # noqa: ANN401
        if purpose == SUBSCRIPTIONS:
            return unseal(sealed, name, settings=settings)
        return sealing.unseal(settings, sealed, purpose=purpose, owner=owner(name))

    def seal_one(content: bytes, name: Any) -> bytes:  # noqa: ANN401
        return sealing.seal(settings, content, purpose=purpose, owner=owner(name))

    return Place(table, key, column, kind, open_one, seal_one)
