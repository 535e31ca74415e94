"""Files whose ticket or row never came: found by the retry, or swept (A1)."""

import asyncio
import os
import time
from pathlib import Path

import httpx
import pytest

from services.intake.app import make_app
from services.intake.attachments.operations import sweep
from services.intake.attachments.store import DiskStore, open_store
from shared.events.words import Role
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_attachments import (
    PDF,
    PNG,
    file_ticket,
    intake,
    people,
    upload,
)

__all__ = ["intake", "people"]


async def test_what_was_uploaded_and_never_taken_is_swept(
    people: dict[str, httpx.AsyncClient], intake: Runtime
) -> None:
    ticket = await file_ticket(people["operator"])
    taken = f"/v1/tickets/{ticket}/attachments"
    kept = (await upload(people["operator"], PNG, "image/png", taken)).json()["items"][0]
    dropped = (await upload(people["operator"], PDF, "application/pdf")).json()
    pool, store = intake.database.pool, open_store(intake.settings)
    assert await sweep(pool, store, seconds=3600) == 0
    await pool.execute("UPDATE attachments SET kept_at = kept_at - interval '2 hours'")
    for path in Path(intake.settings.attachment_store).rglob("*"):
        os.utime(path, (time.time() - 7200,) * 2)
    assert await sweep(pool, store, seconds=3600) == 1
    assert await store.has(kept["sha256"])
    assert not await store.has(dropped["sha256"])
    assert (await people["operator"].get(f"/v1/attachments/{dropped['id']}")).status_code == 404
    assert (await upload(people["operator"], PDF, "application/pdf")).status_code == 201


class DyingStore(DiskStore):
    """A process that dies when the file is safe and its row is not written."""

    async def has(self, name: str) -> bool:
        raise asyncio.CancelledError


async def test_a_file_whose_row_was_never_written_is_found_by_the_retry(
    harness: Harness, intake: Runtime, people: dict[str, httpx.AsyncClient]
) -> None:
    app = make_app(intake)
    app.state.store = DyingStore(Path(intake.settings.attachment_store))
    dying = await harness.client(app, token(harness.settings, Role.OPERATOR))
    with pytest.raises(asyncio.CancelledError):
        await upload(dying, PNG, "image/png", Idempotency_Key="k")
    assert await intake.database.pool.fetchval("SELECT count(*) FROM attachments") == 0
    again = await upload(people["operator"], PNG, "image/png", Idempotency_Key="k")
    assert again.status_code == 201
    seen = await people["operator"].get(f"/v1/attachments/{again.json()['id']}")
    assert seen.content == PNG
