"""The pack that a ticket keeps."""

from collections.abc import Iterable, Mapping
from functools import cache

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.models import Policy
from shared.policy.load import builtin_packs, restore_pack
from shared.policy.model import Pack


async def find_packs(session: AsyncSession, hashes: Iterable[str | None]) -> Mapping[str, Pack]:
    """The packs with these content hashes; one that was not heard of is left out."""
    wanted = {one for one in hashes if one is not None}
    found = {one: _builtin()[one] for one in wanted & _builtin().keys()}
    missing = wanted - found.keys()
    if missing:
        rows = await session.scalars(select(Policy).where(Policy.hash.in_(missing)))
        found |= {row.hash: restore_pack(row.pack) for row in rows}
    return found


async def find_pack(session: AsyncSession, content_hash: str | None) -> Pack | None:
    """The pack with this content hash, none where it was not heard of."""
    return (await find_packs(session, [content_hash])).get(content_hash or "")


@cache
def _builtin() -> Mapping[str, Pack]:
    return {pack.content_hash: pack for pack in builtin_packs().values()}
