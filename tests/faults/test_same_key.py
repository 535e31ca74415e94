"""The same POST with one Idempotency-Key makes one ticket, whatever dies in between."""

import asyncio
import random
from collections.abc import Sequence
from uuid import uuid4

import httpx
import pytest

from shared.events.words import Role, Service
from tests.conftest import run_sql
from tests.faults.cluster import Cluster, open_cluster
from tests.faults.traffic import insist, request
from tests.harness import eventually
from tests.kafka import KafkaForTests

BYSTANDERS = (Service.SLA, Service.KNOWLEDGE, Service.ANALYTICS)
PEOPLE = 6
KILLS = 2
FILED_BETWEEN_KILLS = 6
SLOW = """CREATE FUNCTION intake.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_sleep(1); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON intake.kept_answers
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION intake.dawdle()"""
QUICK = "DROP FUNCTION intake.dawdle() CASCADE"
IS_SLOW = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


async def test_one_key_makes_one_ticket_though_intake_is_killed_in_between(
    kafka: KafkaForTests,
) -> None:
    if kafka.kind != "broker":
        pytest.skip("fault tests need a real Kafka broker: a mock is no evidence for delivery")
    async with (
        open_cluster(kafka, without=BYSTANDERS) as cluster,
        cluster.client(Role.OPERATOR) as first,
        cluster.client(Role.OPERATOR) as second,
    ):
        people = Doublers(cluster, (first, second))
        assert await people.file_while_killed() > 0, "no ticket was made unanswered"
        await people.file_under_kills()
        await eventually(people.are_dispatched, seconds=30, what="dispatching")
        for table in ("intake.tickets", "dispatch.tickets"):
            rows = await cluster.fetch(f"SELECT title, id::text FROM {table}")
            assert len(rows) == len(people.filed), table
            assert {row["title"]: row["id"] for row in rows} == people.filed


class Doublers:
    """People who send each request twice at once, until it is acknowledged both times."""

    def __init__(self, cluster: Cluster, clients: Sequence[httpx.AsyncClient]) -> None:
        self.cluster = cluster
        self.clients = clients
        self.filed: dict[str, str] = {}
        self.is_running = True

    async def file_while_killed(self) -> int:
        """File while intake is killed at its commit; how many tickets were made unanswered."""
        url, intake = self.cluster.settings.database_url, self.cluster.processes["intake"]
        await run_sql(url, SLOW)
        filing = [asyncio.create_task(self.file()) for _ in range(PEOPLE)]
        await eventually(self.is_slow, what="a commit under way")
        await asyncio.to_thread(intake.kill)

        async def is_over() -> bool:
            return not await self.is_slow()

        await eventually(is_over, what="the end of the commit")
        await run_sql(url, QUICK)
        rows = await self.cluster.fetch("SELECT title FROM intake.tickets")
        intake.start()
        made = {row["title"] for row in rows} - self.filed.keys()
        await asyncio.gather(*filing)
        return len(made)

    async def is_slow(self) -> bool:
        """Whether a commit of intake dawdles."""
        return await self.cluster.fetch(IS_SLOW) != []

    async def file_under_kills(self) -> None:
        """File without a pause while intake is killed at any moment."""
        filing = [asyncio.create_task(self.file_on()) for _ in range(PEOPLE)]
        for _ in range(KILLS):
            wanted = len(self.filed) + FILED_BETWEEN_KILLS

            async def is_done(wanted: int = wanted) -> bool:
                return len(self.filed) >= wanted

            await eventually(is_done, seconds=150, what="filing")
            await asyncio.sleep(random.random() / 20)
            await self.cluster.kill_and_restart("intake")
        self.is_running = False
        await asyncio.gather(*filing)

    async def file_on(self) -> None:
        """One request after the other."""
        while self.is_running:
            await self.file()

    async def file(self) -> None:
        """One request, twice at once with one key; both answers name the same ticket."""
        key = uuid4().hex
        answers = await asyncio.gather(
            *(insist(client, "/v1/tickets", request(title=key), key=key) for client in self.clients)
        )
        assert answers[0]["id"] == answers[1]["id"]
        self.filed[key] = answers[0]["id"]

    async def are_dispatched(self) -> bool:
        """Whether dispatch has heard of all."""
        (row,) = await self.cluster.fetch("SELECT count(*) FROM dispatch.tickets")
        return int(row["count"]) >= len(self.filed)
