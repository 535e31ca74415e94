"""What a forward carries: the request as it stands when it goes, whole, and nothing of before."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from services.gateway.calls import Calls
from services.gateway.federation.categories import CategoryNames
from services.gateway.federation.forwarding import prepare_waiting
from services.gateway.federation.keys import KeyBook
from shared.events.dispatch import TicketForwarded
from shared.events.intake import TicketAmended
from shared.events.words import Role, Secrecy, Service
from tests.services.gateway_exchange import Platform, listening
from tests.services.gateway_feeds import created
from tests.services.test_profile import FOREIGN, THIEF, Told, city, knows

__all__ = ["city"]
AWAY = TicketForwarded(to_platform=FOREIGN, unit="U", round=1, reason="不在本市")


@dataclass
class Preparing:
    """Our services for a forward; what is heard while the caller is being sealed, comes then."""

    city: Platform
    ticket: str = field(default_factory=lambda: str(uuid4()))
    meanwhile: TicketAmended | None = None
    attachments: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name, times = scope["path"].rpartition("/")[2], dict.fromkeys(("filed_at", "accepted_at"))
        if name == "seal-caller" and self.meanwhile is not None:
            await self.city.hear(self.ticket, self.meanwhile)
        shown: Any = {"number": "1", "items": [], "is_mediation": False, "secrecy": "normal"}
        shown |= times | {"accepted_at": "2026-09-30T16:20:00+08:00"}
        answers: dict[str, Any] = {
            "attachments": {"items": self.attachments},
            "categories": [],
            "seal-caller": {"key_id": THIEF["key_id"], "sealed": None, "purpose": "转办"},
        }
        await JSONResponse(answers.get(name, shown))(scope, receive, send)

    async def forward(self, *more: TicketAmended, **filed: Any) -> "Preparing":
        """The ticket was forwarded, and then more was heard of it."""
        await self.city.fetch("UPDATE peers SET kind = 'neighbour'")
        await self.city.hear(self.ticket, created(**filed), AWAY, *more)
        return self

    async def prepare(self, *, times: int = 1) -> list[dict[str, Any]]:
        """Look for what is to be forwarded; what was queued of the ticket."""
        right = Told()
        await knows(right, self.city)
        calls = Calls(dict.fromkeys(Service, self), self.city.runtime.settings)
        async with listening(right.app()) as url, KeyBook(self.city.runtime).opened() as book:
            await self.city.fetch("UPDATE peers SET url = $1", url)
            for _ in range(times):
                await self.city.fetch("UPDATE forwarded_out SET next_at = clock_timestamp()")
                await prepare_waiting(self.city.runtime, calls, book, CategoryNames(calls))
        rows = await self.city.fetch(
            "SELECT kind, payload FROM outgoing WHERE subject = $1 ORDER BY sequence", self.ticket
        )
        return [{"kind": row["kind"]} | json.loads(row["payload"]) for row in rows]


async def test_what_is_marked_while_the_forward_is_prepared_goes_with_it(city: Platform) -> None:
    """Words that were kept before they had a label, too."""
    marked = TicketAmended(secrecy=Secrecy.SENSITIVE, is_mediation=True, reason="涉敏")
    for statement in ("SELECT", "UPDATE feed_tickets SET words = words - 'secrecy'"):
        one = await Preparing(city, meanwhile=marked).forward()
        await city.fetch(statement)
        [told] = await one.prepare()
        assert (told["data"]["secrecy"], told["data"]["is_mediation"]) == ("sensitive", True)


async def test_words_without_a_label_go_with_the_one_that_dispatch_shows(city: Platform) -> None:
    one = await Preparing(city).forward(secrecy=Secrecy.INTERNAL, is_mediation=True)
    await city.fetch("UPDATE feed_tickets SET words = words - 'secrecy'")
    [told] = await one.prepare()
    assert (told["data"]["secrecy"], told["data"]["is_mediation"]) == ("normal", True)


async def test_a_request_that_grew_long_goes_whole_the_rest_as_additions(city: Platform) -> None:
    content, addition = "".join(str(n % 10) for n in range(15_000)), "补" * 20_000
    more = (TicketAmended(addition=addition), TicketAmended(addition="完"))
    one = await Preparing(city).forward(*more, content=content)
    forward, *rest = await one.prepare()
    assert [told["kind"] for told in (forward, *rest)] == ["forward", "act"]
    assert {told["type"] for told in rest} == {"ticket.amended"}
    words = [forward["data"]["content"], *(told["data"]["addition"] for told in rest)]
    assert [len(piece) for piece in words] == [20_000, 35_000 + 2 * len("\n补充：") + 1 - 20_000]
    assert "".join(words) == f"{content}\n补充：{addition}\n补充：完"


async def test_what_cannot_be_a_forward_waits_with_its_reason_and_stops_nobody(
    city: Platform,
) -> None:
    bad, good = Preparing(city), Preparing(city)
    file = {"id": str(uuid4()), "kind": "evidence", "media_type": "image/png", "sha256": "a" * 64}
    bad.attachments = [file | {"bytes": -1}]
    for one in (bad, good):
        await one.forward()
    assert await bad.prepare(times=2) == []
    async with city.client(Role.ADMINISTRATOR) as administrator:
        waiting = (await administrator.get("/v1/federation/forwards")).json()["items"]
    assert {one["problem"] for one in waiting} == {
        "data.bytes: Input should be greater than or equal to 0"
    }
    assert [one["attempts"] for one in waiting] == [2, 2]
    assert len(await good.prepare()) == 1
