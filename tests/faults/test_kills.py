"""SIGKILL each process, the broker and PostgreSQL in turn while tickets flow, on real Kafka."""

import asyncio

from tests.faults.cluster import Cluster, open_cluster
from tests.faults.traffic import Traffic
from tests.faults.truth import check_truth
from tests.harness import eventually
from tests.kafka import KafkaForTests

PEOPLE = 4
TICKETS_BETWEEN_KILLS = 3


async def test_nothing_is_lost_or_doubled_whatever_is_killed(
    breakable_kafka: KafkaForTests,
) -> None:
    async with open_cluster(breakable_kafka) as cluster:
        traffic = Traffic(cluster)
        working = asyncio.create_task(traffic.run(people=PEOPLE))
        try:
            await some_work(cluster, traffic, working, "the start")
            for name in list(cluster.processes):
                await cluster.kill_and_restart(name)
                await some_work(cluster, traffic, working, name)
            await cluster.kill_and_restart_broker()
            await some_work(cluster, traffic, working, "the broker")
            await cluster.kill_and_restart_postgres()
            await some_work(cluster, traffic, working, "PostgreSQL")
            traffic.is_running = False
            async with asyncio.timeout(150):
                await working
        finally:
            working.cancel()
        await eventually(cluster.drained, seconds=150, what="a drained platform")
        await check_truth(cluster, traffic)


async def some_work(
    cluster: Cluster, traffic: Traffic, working: asyncio.Task[None], killed: str
) -> None:
    """Wait until tickets have gone their way again since the last kill."""
    before = len(traffic.replied)

    async def is_done() -> bool:
        assert cluster.ended() == {}, f"after {killed}"
        return working.done() or len(traffic.replied) >= before + TICKETS_BETWEEN_KILLS

    try:
        await eventually(is_done, seconds=150, what=f"work after {killed}")
    except AssertionError as error:
        error.add_note("\n".join(one.last_words() for one in cluster.processes.values()))
        raise
