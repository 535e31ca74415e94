"""The Kafka that tests run on: a real broker where one can run, else librdkafka's mock cluster.

A pytest plugin (`pytest_plugins = ["tests.kafka"]`). The first test that asks starts one broker
for all workers of the run, which ends with the run. It must not be killed by a test: what breaks
a broker asks for `breakable_kafka`.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil
import pytest
from confluent_kafka import Producer
from confluent_kafka import libversion as librdkafka_version
from xdist.workermanage import WorkerController

from deploy.kafka.broker import Broker
from deploy.kafka.jars import DOWNLOAD_SECONDS_MAX, BrokerUnavailable, fetch_jars, locked

LOCK_SECONDS_MAX = DOWNLOAD_SECONDS_MAX + 120
DIRECTORY = pytest.StashKey[Path]()


@dataclass(frozen=True)
class KafkaForTests:
    """Where to connect, and what answers there. `broker` is set where a test may break it."""

    bootstrap_servers: str
    kind: Literal["broker", "mock"]
    version: str
    broker: Broker | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder in which the workers of this run agree on one broker."""
    shared: str | None = getattr(config, "workerinput", {}).get("kafka_directory")
    config.stash[DIRECTORY] = Path(shared or tempfile.mkdtemp(prefix="hotline-kafka-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a worker of pytest-xdist which folder that is."""
    node.workerinput["kafka_directory"] = str(node.config.stash[DIRECTORY])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what the tests ran on, if any asked for Kafka."""
    state = _read_state(config.stash[DIRECTORY])
    if state is None:
        return
    if state["reason"] and os.environ.get("CI") == "true":
        line = f"none, and CI needs a real broker: {state['reason']}"
    elif state["reason"]:
        line = f"librdkafka mock cluster — no real broker: {state['reason']}"
    else:
        line = f"Apache Kafka {state['version']} (real broker, loopback)"
    terminalreporter.write_line(f"Kafka: {line}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the broker with the run."""
    directory = config.stash.get(DIRECTORY, None)
    if directory is None or hasattr(config, "workerinput"):
        return
    state = _read_state(directory)
    if state and state["pid"]:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(state["pid"])
            if str(directory) in " ".join(process.cmdline()):  # else the id is another's by now
                process.kill()
    shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def mock_cluster() -> Iterator[KafkaForTests]:
    """librdkafka's mock cluster: it makes topics when they are named, and has no topic admin."""
    producer = Producer(
        {"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "log_level": 3}
    )
    brokers = producer.list_topics(timeout=10).brokers.values()
    servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    yield KafkaForTests(servers, "mock", librdkafka_version()[0])
    producer.flush(0)  # also keeps it, and so the cluster, alive until here


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaForTests]:
    """Kafka, shared by the whole run: use topics and groups of your own."""
    config = request.config
    state = _agreed_state(config.stash[DIRECTORY], _controller_pid(config))
    if not state["reason"]:
        yield KafkaForTests(state["bootstrap_servers"], "broker", state["version"])
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs a real Kafka broker: {state['reason']}", pytrace=False)
    with mock_cluster() as mock:  # it lives in this process: each worker has its own
        yield mock


@pytest.fixture(scope="session")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real broker of this worker alone; tests ask for `breakable_kafka`."""
    try:
        broker = Broker(fetch_jars())
        broker.start(tmp_path_factory.mktemp("kafka"))
    except BrokerUnavailable as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI needs a real Kafka broker: {reason}", pytrace=False)
        pytest.skip(f"needs a real Kafka broker: {reason}")
    yield broker
    broker.stop()


@pytest.fixture
def breakable_kafka(own_broker: Broker) -> KafkaForTests:
    """A running broker that the test may kill and restart; the next test gets it running."""
    if not own_broker.is_running:
        own_broker.restart()
    return KafkaForTests(
        own_broker.bootstrap_servers, "broker", own_broker.version, broker=own_broker
    )


def _agreed_state(directory: Path, owner_pid: int) -> dict[str, Any]:
    with locked(directory / "lock", LOCK_SECONDS_MAX):
        state = _read_state(directory)
        if state is None:
            state = _start_shared(directory, owner_pid)
            (directory / "state.json").write_text(json.dumps(state), "utf-8")
    return state


def _start_shared(directory: Path, owner_pid: int) -> dict[str, Any]:
    state: dict[str, Any] = {"reason": "", "pid": 0}
    try:
        broker = Broker(fetch_jars())
        broker.start(Path(tempfile.mkdtemp(dir=directory)), owner_pid=owner_pid)
    except BrokerUnavailable as reason:
        return {**state, "reason": str(reason)}
    state |= {
        "pid": broker.pid,
        "bootstrap_servers": broker.bootstrap_servers,
        "version": broker.version,
    }
    broker.disown()  # it outlives the worker that started it
    return state


def _read_state(directory: Path) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads((directory / "state.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    return state


def _controller_pid(config: pytest.Config) -> int:
    """The process that outlives all workers."""
    return os.getppid() if hasattr(config, "workerinput") else os.getpid()
