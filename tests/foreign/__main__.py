"""The foreign platform as a process of its own, with a small door for whoever tries it.

`/foreign/peers` (PUT), `/foreign/tell` (POST), `/foreign/state` and `/foreign/received` (GET) are
no part of the exchange: by them a test registers peers, lets the platform say something, and looks.
"""

import argparse
import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.foreign.crossing import Crossing
from tests.foreign.door import Peer
from tests.foreign.office import Office
from tests.foreign.store import Store
from tests.foreign.wire import Key


class Handle:
    """What a test does to the process; everything about peers and keys outlives it."""

    def __init__(self, platform: Crossing, folder: Path | None) -> None:
        self.platform, self.folder = platform, folder
        self.client = httpx.AsyncClient(trust_env=False)
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def app(self) -> Starlette:
        """The exchange, and the small door."""
        routes = [
            Route("/foreign/peers", self.peers, methods=["PUT"]),
            Route("/foreign/tell", self.tell, methods=["POST"]),
            Route("/foreign/state", self.state, methods=["GET"]),
            Route("/foreign/received", self.received, methods=["GET"]),
            Route("/foreign/reconcile", self.reconcile, methods=["POST"]),
        ]
        return Starlette(routes=[*self.platform.routes(), *routes])

    def know(self, told: dict[str, Any]) -> None:
        """Register a peer, and begin to send to it."""
        keys = {
            name: Ed25519PublicKey.from_public_bytes(base64.b64decode(public))
            for name, public in told["keys"].items()
        }
        code = told["code"]
        self.platform.peers[code] = Peer(code, told.get("url", ""), keys)
        if told.get("url") and code not in self.tasks:
            self.tasks[code] = asyncio.create_task(self.platform.keep_sending(self.client, code))

    async def peers(self, request: Request) -> Response:
        """Register a peer: `{code, url, keys: {key_id: public}}`."""
        told = await request.json()
        self.know(told)
        if self.folder is not None:
            (self.folder / f"peer-{told['code']}.json").write_text(json.dumps(told), "utf-8")
        return JSONResponse({"code": told["code"]})

    async def tell(self, request: Request) -> Response:
        """Queue messages: a list of `{peer, subject, kind, payload, time}`."""
        told, store = await request.json(), self.platform.store
        store.begin()
        ids = [self.platform.tell(**one) for one in told]
        store.commit()
        return JSONResponse({"ids": ids})

    async def state(self, _: Request) -> Response:
        """How much came and went."""
        return JSONResponse(self.platform.store.counts())

    async def received(self, _: Request) -> Response:
        """All that came, in its order."""
        return JSONResponse(self.platform.store.all_received())

    async def reconcile(self, request: Request) -> Response:
        """Compare a day: `{peer, day}`."""
        asked = await request.json()
        return JSONResponse(await self.platform.reconcile(self.client, asked["peer"], asked["day"]))


def main() -> None:
    """Run until it is stopped."""
    parser = argparse.ArgumentParser(prog="python -m tests.foreign")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--code", required=True)
    parser.add_argument("--data", type=Path, help="a folder; without one nothing is kept")
    parser.add_argument("--office", action="store_true", help="handle what is forwarded here")
    asyncio.run(serve(parser.parse_args()))


async def serve(asked: argparse.Namespace) -> None:
    """Answer on loopback; the first line of the output names the key."""
    key = Key(f"{asked.code}.1", _private(asked.data))
    store = Store(str(asked.data / "foreign.db")) if asked.data else Store()
    platform = Crossing(asked.code, key, store)
    if asked.office:
        platform = Office(asked.code, key, store, private=_private_of_callers(asked.data))
    handle = Handle(platform, asked.data)
    for file in sorted(asked.data.glob("peer-*.json")) if asked.data else ():
        handle.know(json.loads(file.read_text("utf-8")))
    print(json.dumps({"key_id": key.key_id, "public_key": key.public()}), flush=True)
    config = uvicorn.Config(handle.app(), port=asked.port, log_level="warning", lifespan="off")
    await uvicorn.Server(config).serve()


def _private(folder: Path | None) -> Ed25519PrivateKey:
    made = Ed25519PrivateKey.generate().private_bytes_raw()
    return Ed25519PrivateKey.from_private_bytes(_kept(folder, "key", made))


def _private_of_callers(folder: Path | None) -> X25519PrivateKey:
    made = X25519PrivateKey.generate().private_bytes_raw()
    return X25519PrivateKey.from_private_bytes(_kept(folder, "callers-key", made))


def _kept(folder: Path | None, name: str, made: bytes) -> bytes:
    if folder is None:
        return made
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    if not file.is_file():
        file.write_bytes(made)
    return file.read_bytes()


if __name__ == "__main__":
    main()
