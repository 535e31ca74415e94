"""`hotline up` on a machine that has no network but loopback: what a caller and a reader meet.

`tests/services/test_no_network.py` runs it in a network namespace of its own.
"""

import asyncio
import fcntl
import json
import re
import socket
import struct
import sys
from pathlib import Path
from typing import Any

import httpx

from shared.events.words import Role
from tests.faults.traffic import UNIT, insist, request
from tests.federation.processes import Ours, ready, start
from tests.ports import free_ports

LINKED = re.compile(r"""(?:src|href)=["']([^"']+)["']""")
SET_FLAGS, UP = 0x8914, 0x1
"""SIOCSIFFLAGS and IFF_UP of Linux."""


def raise_loopback() -> None:
    """A new namespace has a loopback that is down."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh", b"lo", UP))


async def look(folder: Path) -> dict[str, Any]:
    """File, dispatch and sign a ticket, and read each page with all that it names."""
    [port] = free_ports(1)
    one = Ours("512000", folder, port)
    start(one)
    try:
        await ready(one)
        async with one.client(Role.OPERATOR) as operator, one.client(Role.UNIT, unit=UNIT) as unit:
            ticket = await insist(operator, "/v1/tickets", request())
            signed = await insist(unit, f"/v1/tickets/{ticket['id']}/sign", {})
            pages = [await read(operator, path) for path in ("/", "/docs", "/openapi.json")]
    finally:
        one.stop()
    return {
        "interfaces": [name for _, name in socket.if_nameindex()],
        "signed": signed["state"],
        "pages": {path: status for page in pages for path, status in page.items()},
    }


async def read(client: httpx.AsyncClient, path: str) -> dict[str, int]:
    """A page and what it loads: the status of each; -1 of what lies elsewhere."""
    answer = await client.get(path)
    found = {path: answer.status_code}
    for linked in LINKED.findall(answer.text) if "html" in answer.headers["content-type"] else []:
        is_ours = linked.startswith("/") and not linked.startswith("//")
        found[linked] = (await client.get(linked)).status_code if is_ours else -1
    return found


if __name__ == "__main__":
    raise_loopback()
    json.dump(asyncio.run(look(Path(sys.argv[1]))), sys.stdout)
