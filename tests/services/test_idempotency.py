"""A call that comes again gets the first answer again, and no answer precedes its commit."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.access import everywhere
from shared.events.words import Role
from shared.idempotency import HEADER, Answer, run_act
from shared.problems import ActRefused
from shared.runtime import Runtime
from shared.security import Caller
from shared.service import create_app, routes_of, runtime_of
from tests.conftest import run_sql
from tests.harness import eventually, token

PATH = "/v1/notes"


class Note(BaseModel):
    """What the tests post."""

    model_config = ConfigDict(extra="forbid")

    text: str


class Noted(BaseModel):
    """What they get."""

    text: str
    place: int


@dataclass
class Acts:
    """How often the act ran, and what it does besides."""

    count: int = 0
    fails: bool = False
    breaks_commit: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, session: AsyncSession, note: Note) -> Answer:
        """Write one effect, then fail where a test says so."""
        self.count += 1
        place = self.count
        await session.execute(
            text("INSERT INTO effects (subject, source, sequence, type) VALUES (:t, '', 1, '')"),
            {"t": note.text},
        )
        await self.gate.wait()
        if self.fails:
            raise ActRefused("工单已办结。", allowed=["rate"])
        if self.breaks_commit:
            await session.execute(text("INSERT INTO at_commit VALUES (1), (1)"))
        headers = {"Ticket-Seen": f"t1 dispatch={place}", "Location": f"{PATH}/{place}"}
        return Answer(Noted(text=note.text, place=place), status=201, headers=headers)


@pytest.fixture
def acts() -> Acts:
    """An act that ends at once."""
    acts = Acts()
    acts.gate.set()
    return acts


@pytest.fixture
async def client(frame: Runtime, acts: Acts) -> AsyncIterator[httpx.AsyncClient]:
    """A small service with one act."""
    router = APIRouter(prefix=PATH)

    @router.post("")
    @router.post("/{name}/again")
    async def note(body: Note, request: Request, caller: Caller) -> Response:
        async def operation(session: AsyncSession) -> Answer:
            return await acts.run(session, body)

        return await run_act(runtime_of(request), request, caller, operation)

    may = everywhere(Role.OPERATOR)
    access = {f"POST {PATH}": may, f"POST {PATH}/{{name}}/again": may}
    transport = httpx.ASGITransport(
        create_app(frame, routes_of(router), access=access), raise_app_exceptions=False
    )
    bearer = token(frame.settings, Role.OPERATOR, subject="ZY0001")
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://test",
        headers={"Authorization": f"Bearer {bearer}"},
    ) as client:
        yield client


async def test_the_same_call_gets_the_first_answer_again(
    client: httpx.AsyncClient, acts: Acts
) -> None:
    first = await _post(client, "路灯不亮", key="k1")
    again = await _post(client, "路灯不亮", key="k1")
    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert dict(again.headers) == dict(first.headers)
    assert again.headers["Ticket-Seen"] == "t1 dispatch=1"
    assert acts.count == 1


async def test_another_body_with_the_same_key_is_refused(
    client: httpx.AsyncClient, acts: Acts
) -> None:
    await _post(client, "路灯不亮", key="k1")
    answer = await _post(client, "井盖丢失", key="k1")
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert acts.count == 1


async def test_keys_belong_to_a_caller_and_a_path(
    client: httpx.AsyncClient, acts: Acts, frame: Runtime
) -> None:
    await _post(client, "路灯不亮", key="k1")
    other_path = await client.post(
        f"{PATH}/x/again", json={"text": "路灯不亮"}, headers={HEADER: "k1"}
    )
    bearer = token(frame.settings, Role.OPERATOR, subject="ZY0002")
    other_caller = await client.post(
        PATH,
        json={"text": "另一件"},
        headers={HEADER: "k1", "Authorization": f"Bearer {bearer}"},
    )
    assert (other_path.status_code, other_caller.status_code) == (201, 201)
    assert acts.count == 3


async def test_without_a_key_each_call_acts(client: httpx.AsyncClient, acts: Acts) -> None:
    answers = [await _post(client, "路灯不亮") for _ in range(2)]
    assert [answer.json()["place"] for answer in answers] == [1, 2]


async def test_a_call_beside_the_running_first_one_is_told_to_come_again(
    client: httpx.AsyncClient, acts: Acts
) -> None:
    acts.gate.clear()
    running = asyncio.create_task(_post(client, "路灯不亮", key="k1"))
    await eventually(lambda: _has_begun(acts))
    beside = await _post(client, "路灯不亮", key="k1")
    assert beside.status_code == 409
    assert beside.json()["code"] == "still_running"
    assert int(beside.headers["Retry-After"]) >= 1
    acts.gate.set()
    first = await running
    assert (await _post(client, "路灯不亮", key="k1")).content == first.content
    assert acts.count == 1


async def test_many_at_once_have_one_effect(
    client: httpx.AsyncClient, acts: Acts, frame: Runtime
) -> None:
    answers = await asyncio.gather(*[_post(client, "路灯不亮", key="k1") for _ in range(12)])
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert await _effects(frame) == 1


async def test_a_refused_act_keeps_nothing(
    client: httpx.AsyncClient, acts: Acts, frame: Runtime
) -> None:
    acts.fails = True
    refused = await _post(client, "路灯不亮", key="k1")
    assert refused.status_code == 409
    assert (refused.json()["code"], refused.json()["allowed"]) == ("act_refused", ["rate"])
    assert await _effects(frame) == 0
    acts.fails = False
    assert (await _post(client, "路灯不亮", key="k1")).status_code == 201
    assert await _effects(frame) == 1


@pytest.mark.parametrize("key", [None, "k1"])
async def test_a_commit_that_fails_is_never_a_success(
    client: httpx.AsyncClient, acts: Acts, frame: Runtime, key: str | None
) -> None:
    await run_sql(
        frame.settings.database_url,
        "DROP TABLE IF EXISTS dispatch.at_commit",
        "CREATE TABLE dispatch.at_commit (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)",
        "GRANT INSERT ON dispatch.at_commit TO hotline_dispatch",
    )
    acts.breaks_commit = True
    answer = await _post(client, "路灯不亮", key=key)
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert await _effects(frame) == 0
    acts.breaks_commit = False
    assert (await _post(client, "路灯不亮", key=key)).status_code == 201


async def test_a_connection_that_dies_before_the_commit_is_never_a_success(
    client: httpx.AsyncClient, acts: Acts, frame: Runtime
) -> None:
    acts.gate.clear()
    running = asyncio.create_task(_post(client, "路灯不亮", key="k1"))
    await eventually(lambda: _has_begun(acts))
    await run_sql(
        frame.settings.database_url,
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'""",
    )
    acts.gate.set()
    assert (await running).status_code >= 500
    assert await _effects(frame) == 0
    await eventually(lambda: _succeeds(client))
    assert await _effects(frame) == 1


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_a_key_of_a_wrong_length_is_named(client: httpx.AsyncClient, key: str) -> None:
    answer = await _post(client, "路灯不亮", key=key)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == HEADER


async def test_a_malformed_body_uses_up_no_key(client: httpx.AsyncClient, acts: Acts) -> None:
    wrong = await client.post(PATH, json={"words": "路灯"}, headers={HEADER: "k1"})
    assert wrong.status_code == 422
    assert (await _post(client, "路灯不亮", key="k1")).status_code == 201


async def _post(client: httpx.AsyncClient, note: str, *, key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {HEADER: key}
    return await client.post(PATH, json={"text": note}, headers=headers)


async def _effects(frame: Runtime) -> int:
    count: int = await frame.database.pool.fetchval("SELECT count(*) FROM effects")
    return count


async def _has_begun(acts: Acts) -> bool:
    return acts.count > 0


async def _succeeds(client: httpx.AsyncClient) -> bool:
    """Other connections of the pool may have been killed too; each is found out by its use."""
    try:
        return (await _post(client, "路灯不亮", key="k1")).status_code == 201
    except asyncpg.PostgresError:
        return False
