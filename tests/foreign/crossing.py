"""Tickets that cross: what the foreign platform does with those of others, and with its own."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.foreign.door import KINDS, PROFILE
from tests.foreign.platform import Platform
from tests.foreign.wire import Refused, require_signed, seal, unseal

ENDS = {
    "ticket.closed": "closed",
    "ticket.withdrawn": "withdrawn",
    "ticket.terminated": "closed",
    "ticket.coordinated": "withdrawn",
    "ticket.linked": "withdrawn",
}
BACK = {
    "ticket.signed": "act",
    "ticket.responded": "act",
    "ticket.progressed": "act",
    "ticket.interim_closed": "act",
    "ticket.replied": "result",
    "ticket.withdrawn": "result",
}
PURPOSE = "转办工单，与诉求人联系"


@dataclass
class Handled:
    """A ticket of another platform that we handle."""

    peer: str
    subject: str
    data: dict[str, Any]
    caller: dict[str, Any] | None
    state: str = "accepted"
    additions: list[str] = field(default_factory=list)
    forwards: int = 1


class Crossing(Platform):
    """A platform that also handles others' tickets, and lets others handle its own."""

    exchange_id = "0f9d3c1e-0000-4000-8000-00000000e001"

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._private = X25519PrivateKey.generate()
        self.handled: dict[tuple[str, str], Handled] = {}
        self.away: dict[str, list[dict[str, Any]]] = {}

    def told_of_us(self) -> dict[str, Any]:
        """Here we act on everything, and open what is sealed for us."""
        public = base64.b64encode(self._private.public_key().public_bytes_raw()).decode()
        key = {"key_id": self.exchange_id, "suite": "international", "public_key": public}
        return super().told_of_us() | {"kinds": list(KINDS), "sealing_keys": [key]}

    def took(self, sender: str, message: dict[str, Any]) -> None:
        """A message was taken: act on it."""
        subject, payload = message["subject"], message["payload"]
        kind, data = payload["type"], payload["data"]
        if kind == "ticket.forward":
            self._came(sender, subject, data)
        elif subject in self.away:
            self.away[subject].append(payload)
        elif (sender, subject) in self.handled:
            self._went_on(self.handled[sender, subject], kind, data)

    def _came(self, sender: str, subject: str, data: dict[str, Any]) -> None:
        sealed, caller = data.get("sealed_caller"), None
        if sealed is not None:
            bound = bound_of(sender, self.code, subject, self.exchange_id, sealed["purpose"])
            if sealed["key_id"] != self.exchange_id:
                raise Refused(422, "sealed_caller", "key_id")
            caller = unseal(self._private, sealed["sealed"], bound)
        before = self.handled.get((sender, subject))
        made = Handled(sender, subject, data, caller, forwards=before.forwards + 1 if before else 1)
        self.handled[sender, subject] = made

    def _went_on(self, ticket: Handled, kind: str, data: dict[str, Any]) -> None:
        if kind in ENDS:
            ticket.state = ENDS[kind]
        elif kind == "ticket.reopened":
            ticket.state = "signed"
        elif kind == "ticket.amended":
            ticket.additions.append(str(data.get("addition") or ""))
        elif kind == "ticket.erased":
            ticket.data, ticket.caller = {}, None

    def tell_back(self, ticket: Handled, kind: str, data: dict[str, Any]) -> str:
        """Tell the platform where a ticket is at home what we did."""
        ticket.state = kind.removeprefix("ticket.")
        payload = {"type": kind, "data": {"unit": self.code} | data}
        return self.tell(ticket.peer, ticket.subject, BACK[kind], payload, now())

    def sign(self, ticket: Handled) -> str:
        """Take a ticket."""
        return self.tell_back(ticket, "ticket.signed", {"signed_by": "WP001"})

    def reply(self, ticket: Handled, result: str, *, number: int = 1) -> str:
        """Reply to a ticket."""
        words = {
            "findings": "经现场核查，情况属实。",
            "basis": "《城市供水条例》",
            "result": result,
        }
        more = {"contact": "已电话告知诉求人。", "reply": number, "replied_by": "WP001"}
        return self.tell_back(ticket, "ticket.replied", words | more)

    def give_back(self, ticket: Handled, reason: str) -> str:
        """Give a ticket back to where it is at home."""
        given = {"ground": "not_our_duty", "reason": reason, "legal_basis": "《条例》第五条"}
        given |= {"proposed_unit": "", "requested_by": "WP001"}
        return self.tell_back(ticket, "ticket.withdrawn", {"sent_back": given})

    async def forward(
        self, client: httpx.AsyncClient, peer: str, data: dict[str, Any], caller: dict[str, Any]
    ) -> str:
        """Let another platform handle a ticket of ours; the ticket."""
        subject = str(uuid4())
        answer = await self.call(client, "GET", peer, PROFILE)
        answer.raise_for_status()
        profile = answer.json()
        require_signed(profile, peer, self.peers[peer].keys)
        if "forward" not in profile["kinds"]:
            raise Refused(403, "no_forwards")
        key = next(one for one in profile["sealing_keys"] if one["suite"] == "international")
        bound = bound_of(self.code, peer, subject, key["key_id"], PURPOSE)
        sealed = seal(key["public_key"], caller, bound)
        told = data | {
            "accepted_at": now(),
            "forwarded_at": now(),
            "sealed_caller": {"key_id": key["key_id"], "sealed": sealed, "purpose": PURPOSE},
        }
        self.away[subject] = []
        self.tell(peer, subject, "forward", {"type": "ticket.forward", "data": told}, now())
        return subject


def bound_of(sender: str, receiver: str, ticket: str, key_id: str, purpose: str) -> str:
    """What an identity is bound to."""
    parts = ("hotline-12345 caller v1", sender, receiver, ticket.lower(), key_id.lower(), purpose)
    return "\0".join(parts)


def now() -> str:
    """The time, as messages say it."""
    return datetime.now(UTC).isoformat()
