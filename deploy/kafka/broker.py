"""Starts and ends a real Kafka broker: one KRaft node that only loopback can reach.

For tests, faults and trying the production shape on one machine. The jars come from Maven's
registry once and are kept outside git; with them in the cache no network is touched.
"""

import argparse
import atexit
import os
import re
import secrets
import signal
import socket
import struct
import subprocess
import sys
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

from deploy.kafka.jars import BrokerUnavailable, brief, fetch_jars, program_path, run_bounded

__all__ = ["Broker", "BrokerUnavailable", "fetch_jars"]

HOST = "127.0.0.1"
HEAP_MEGABYTES = 256
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 15.0

# Below the range from which the system takes ports for outgoing connections. A client that tries
# a dead broker's port from that range may connect to itself, and the broker cannot come back.
PORTS = range(20_000, 30_000)

PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers={host}:{controller_port}
log.dirs={data_dir}/logs
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
# After a crash the node may come back only when its earlier session has run out.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# One node: its internal topics have no second replica, and need few partitions.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
# What a small heap and a small disk can carry.
log.cleaner.dedupe.buffer.size=4194304
log.index.size.max.bytes=1048576
num.network.threads=2
num.io.threads=4
background.threads=2
"""

# Ends the broker ($2) when its owner ($1) is gone, however that died. PR_SET_PDEATHSIG would look
# at the thread that started it, and asyncio's threads end with their loop.
GUARD = 'while kill -0 "$1" && kill -0 "$2"; do sleep 1; done; kill -9 "$2"'


class Broker:
    """One broker process and its data; nothing runs until `start`."""

    def __init__(
        self,
        jars: Path,
        *,
        heap_megabytes: int = HEAP_MEGABYTES,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._jars = jars
        self._heap_megabytes = heap_megabytes
        self._environment = dict(environment)
        self._data_dir: Path | None = None
        self._owner_pid = 0
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def version(self) -> str:
        """Kafka's version, as its jar says it."""
        return next(self._jars.glob("kafka_2.13-*.jar")).stem.removeprefix("kafka_2.13-")

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect; the same after a restart."""
        return f"{HOST}:{self._port}"

    @property
    def pid(self) -> int:
        """The process id of the broker."""
        if not self._process:
            raise BrokerUnavailable("the broker is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(
        self, data_dir: Path, port: int | None = None, *, owner_pid: int | None = None
    ) -> None:
        """Start on `data_dir`, which is made if needed, and wait until it serves.

        What an earlier run stored there is kept; one that still runs is killed first. The broker
        ends when the process `owner_pid` (this one, if not given) is gone. If it does not come
        up, BrokerUnavailable says why.
        """
        self.kill()
        self._data_dir = data_dir.absolute()
        self._owner_pid = owner_pid or os.getpid()
        self._port = _write_properties(self._data_dir, port)
        if not (self._data_dir / "logs" / "meta.properties").exists():
            self._format(self._data_dir)
        self._run(self._data_dir)

    def restart(self) -> None:
        """Start again on the same data and ports; one that still runs is killed first."""
        if not self._data_dir:
            raise BrokerUnavailable("the broker was never started")
        self.kill()
        self._run(self._data_dir)

    def kill(self) -> None:
        """End it at once, as a crash does (SIGKILL)."""
        atexit.unregister(self.kill)
        for process in (self._guard, self._process):
            if process:
                process.kill()
                process.wait()
        self._process = self._guard = None

    def disown(self) -> None:
        """Let it outlive this process; the owner named at its start ends it."""
        for process in (self._guard, self._process):
            if process:
                process.returncode = 0  # else Popen warns that it still runs
        self._process = self._guard = None

    def stop(self) -> None:
        """End it in order (SIGTERM), by force when that takes too long."""
        if self._process:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS_MAX)
        self.kill()

    def _format(self, data_dir: Path) -> None:
        cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        properties = str(data_dir / "server.properties")
        tool = ["kafka.tools.StorageTool", "format", "--standalone"]
        tool.append(f"--cluster-id={cluster_id}")  # as a word of its own it may look like an option
        code, output = run_bounded(
            self._java(*tool, "-c", properties), START_SECONDS_MAX, self._environment
        )
        if code != 0:
            raise BrokerUnavailable(f"Kafka cannot format its storage: {brief(output[-300:])}")

    def _run(self, data_dir: Path) -> None:
        command = self._java("kafka.Kafka", str(data_dir / "server.properties"))
        log_path = data_dir / "broker.log"
        # A session of its own: what Ctrl-C in the terminal means is for the owner to decide.
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._guard = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", GUARD, "guard", str(self._owner_pid), str(self.pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self._owner_pid == os.getpid():
            atexit.register(self.kill)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not _serves(self._port):
            if not self.is_running or time.monotonic() > deadline:
                self.kill()
                raise BrokerUnavailable(
                    f"Kafka does not start: {brief(log_path.read_text()[-300:])}"
                )
            time.sleep(0.1)

    def _java(self, *arguments: str) -> list[str]:
        heap = [f"-Xmx{self._heap_megabytes}m", "-XX:+UseSerialGC"]
        logs = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        java = program_path("java", self._environment)
        return [java, *heap, *logs, "-cp", f"{self._jars}/*", *arguments]


def main() -> None:
    """`python -m deploy.kafka.broker --data DIR [--port N]`: one broker until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka.broker", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="where its data stays")
    parser.add_argument("--port", type=int, help="a free one, if not said")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        broker = Broker(fetch_jars())
        broker.start(options.data, options.port)
    except BrokerUnavailable as reason:
        sys.exit(str(reason))
    try:
        sys.stdout.write(f"{broker.bootstrap_servers}\n")
        sys.stdout.flush()
        while broker.is_running:
            time.sleep(1)
        sys.exit("The broker ended by itself; broker.log in its data folder says why.")
    except KeyboardInterrupt:
        broker.stop()


def _write_properties(data_dir: Path, port: int | None) -> int:
    """Write server.properties and return the port; an earlier run's ports are kept."""
    path = data_dir / "server.properties"
    data_dir.mkdir(parents=True, exist_ok=True)
    earlier = re.findall(r"://.+?:(\d+)", path.read_text("utf-8")) if path.exists() else []
    chosen = port or (int(earlier[0]) if earlier else _free_port())
    # The storage remembers its controller by this port.
    controller_port = int(earlier[1]) if earlier else _free_port()
    text = PROPERTIES.format(
        host=HOST, port=chosen, controller_port=controller_port, data_dir=data_dir
    )
    path.write_text(text, "utf-8")
    return chosen


def _free_port() -> int:
    for _ in range(100):
        port = secrets.choice(PORTS)
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise BrokerUnavailable(f"no free port between {PORTS.start} and {PORTS.stop}")


def _serves(port: int) -> bool:
    """Whether the broker names itself in its metadata: an open port is not enough."""
    # Metadata, version 4, no client id, no topics: answered once the node has joined its cluster.
    body = struct.pack(">hhihib", 3, 4, 1, -1, 0, 0)
    with suppress(OSError), socket.create_connection((HOST, port), timeout=5) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        answer = connection.recv(16, socket.MSG_WAITALL)  # size, correlation, throttle, brokers
        return len(answer) == 16 and struct.unpack(">iiii", answer)[3] > 0
    return False


if __name__ == "__main__":
    main()
