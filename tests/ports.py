"""Ports of loopback for servers under test."""

import random
import socket
from contextlib import ExitStack, suppress

PORTS = range(10_000, 20_000)
"""Below those that the system takes for outgoing connections, and those of the tests' brokers: a
server that was killed must find its port free, and a client that calls it meanwhile from that very
port would be connected to itself."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now."""
    found: list[int] = []
    with ExitStack() as probes:
        for port in random.sample(PORTS, len(PORTS)):
            if len(found) == count:
                return found
            probe = probes.enter_context(socket.socket())
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
    raise AssertionError(f"no {count} free ports between {PORTS.start} and {PORTS.stop}")
