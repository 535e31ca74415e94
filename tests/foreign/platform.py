"""The foreign platform: besides its door it sends to others what waits for them."""

import asyncio
import json
import random
from typing import Any
from uuid import uuid4

import httpx

from tests.foreign.door import LINES_MAX, MESSAGES, NDJSON, ONE, RECONCILIATION, Door
from tests.foreign.wire import sign

TAKEN = ("accepted", "duplicate", "set_aside")


class Platform(Door):
    """One platform, whole."""

    def tell(self, peer: str, subject: str, kind: str, payload: dict[str, Any], time: str) -> str:
        """Queue a message; its id."""
        message = {"specversion": "1.0", "id": str(uuid4()), "from": self.code, "to": peer}
        message |= {"subject": subject, "time": time, "kind": kind, "payload": payload}
        self.store.queue(peer, message)
        return message["id"]

    async def flush(self, client: httpx.AsyncClient, peer: str, *, bulk: bool = True) -> int:
        """Send what waits until nothing that may go is left; how many the peer took."""
        taken = 0
        while waiting := self.store.waiting(peer, LINES_MAX if bulk else 1):
            answers = await self._post(client, peer, waiting, bulk=bulk)
            taken += self._settle(peer, waiting, answers)
        return taken

    async def _post(
        self, client: httpx.AsyncClient, peer: str, waiting: list[dict[str, Any]], *, bulk: bool
    ) -> list[dict[str, Any]]:
        text = "\n".join(json.dumps(one, ensure_ascii=False) for one in waiting)
        media = NDJSON if bulk else ONE
        answer = await self.call(client, "POST", peer, MESSAGES, body=text.encode(), media=media)
        answer.raise_for_status()
        return [json.loads(line) for line in answer.text.split("\n") if line.strip()]

    async def call(
        self,
        client: httpx.AsyncClient,
        method: str,
        peer: str,
        path: str,
        *,
        body: bytes = b"",
        media: str = "",
    ) -> httpx.Response:
        """One signed request."""
        url = self.peers[peer].url + path
        headers = sign(method, url, body, self.key) | ({"Content-Type": media} if media else {})
        return await client.request(method, url, content=body, headers=headers, timeout=60)

    def _settle(self, peer: str, sent: list[dict[str, Any]], answers: list[dict[str, Any]]) -> int:
        stopped = set[str]()
        taken = []
        for message, answer in zip(sent, answers, strict=True):
            subject, status = message["subject"], answer["status"]
            if subject in stopped:
                continue
            if status in TAKEN:
                taken.append(message["id"])
                continue
            stopped.add(subject)
            expected = answer.get("expected") or message["sequence"]
            is_gap = status == "out_of_order" and expected < message["sequence"]
            if not (is_gap and self.store.again(peer, subject, expected)):
                self.store.block(peer, subject, status)
        self.store.taken(peer, taken)
        return len(taken)

    async def reconcile(self, client: httpx.AsyncClient, peer: str, day: str) -> dict[str, int]:
        """Compare a day that we sent with what the peer has; send again what it lacks."""
        ours = self.tallies("sent", peer, {"day": day})["tallies"]
        theirs = await self._asked(client, peer, {"day": day})
        lacking = list[str]()
        for kind in sorted({one["kind"] for one in (*ours, *theirs["tallies"])}):
            if _of(ours, kind) != _of(theirs["tallies"], kind):
                lacking += [one async for one in self._lacking(client, peer, day, kind)]
        self.store.again_by_id(peer, lacking)
        return {"kinds": len(ours), "lacking": len(lacking)}

    async def _lacking(self, client: httpx.AsyncClient, peer: str, day: str, kind: str) -> Any:
        narrow = {"day": day, "kind": kind}
        for one in self.tallies("sent", peer, narrow)["tallies"]:
            asked = narrow | {"hour": str(one["hour"])}
            theirs = {mark["id"] for mark in (await self._asked(client, peer, asked))["marks"]}
            for mark in self.tallies("sent", peer, asked)["marks"]:
                if mark["id"] not in theirs:
                    yield mark["id"]

    async def _asked(self, client: httpx.AsyncClient, peer: str, asked: dict[str, str]) -> Any:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        answer = await self.call(client, "GET", peer, f"{RECONCILIATION}?{query}")
        answer.raise_for_status()
        return answer.json()

    async def keep_sending(self, client: httpx.AsyncClient, peer: str) -> None:
        """Send for ever; a peer that fails is left alone longer and longer."""
        failures = 0
        while True:
            try:
                await self.flush(client, peer)
                failures, wait = 0, 0.2
            except (httpx.HTTPError, ValueError):
                failures += 1
                wait = min(2 ** (failures - 1), 300) * random.uniform(0.5, 1)
            await asyncio.sleep(wait)


def _of(tallies: list[dict[str, Any]], kind: str) -> list[tuple[int, str]]:
    return [(one["count"], one["digest"]) for one in tallies if one["kind"] == kind]
