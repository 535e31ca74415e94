"""Contents of files between two gateways: who may have them, what is not taken, what is killed."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.gateway.app import make_app
from services.gateway.exchange.outgoing import Telling
from services.gateway.federation import files
from services.gateway.hops import HttpHop, open_session
from shared.events.callers import TicketAttached
from shared.events.dispatch import TicketReplied, TicketSigned
from shared.events.words import Role, Service
from shared.exchange import ATTACHMENTS_PATH, Kind
from shared.pages import write_cursor
from tests.services.gateway_exchange import CITY, DAY, PROVINCE, listening, open_pair
from tests.services.gateway_feeds import created
from tests.services.gateway_files import PHOTO, SHA256, Two, ask, shelve

LIES: tuple[dict[str, Any], ...] = (
    {"sha256": "0" * 64},
    {"sha256": "../" * 4},
    {"bytes": 10},
    {"bytes": 60_000_000},
    {"media_type": "image/png\r\nX: y"},
)
ELEMENTS = dict.fromkeys(("findings", "basis", "result", "contact"), "无")
REFUSED = {
    "code": "malformed",
    "detail": "不符",
    "errors": [{"field": "Content-Type", "code": "lies_about_type", "message": "内容是 text"}],
}


@pytest.fixture
async def two(postgres: str) -> AsyncIterator[Two]:
    async with open_pair(postgres) as pair:
        yield Two(*pair, shelve(pair))


async def test_only_the_platform_that_was_told_of_a_file_has_it(two: Two) -> None:
    await two.forward()
    status, content, headers = await ask(two.province, two.city)
    assert (status, content) == (200, PHOTO)
    assert set(headers) & {"Content-Disposition", "Content-Digest"} == {"Content-Digest"}
    other = "0" * 64
    assert (await ask(two.province, two.city, other))[0] == 404
    assert (await ask(two.province, two.city, "A" * 64))[0] == 422
    # It knows the digest, too, and was told of nothing.
    assert (await ask(two.city, two.province))[0] == 404
    await two.city.runtime.database.pool.execute("UPDATE files_out SET peer = '513000'")
    assert (await ask(two.province, two.city))[0] == 404
    await two.city.runtime.database.pool.execute("UPDATE files_out SET peer = $1", PROVINCE)
    async with two.city.session.get(f"{two.city.url}{ATTACHMENTS_PATH}/{SHA256}") as answer:
        assert answer.status == 401
    async with two.city.client(Role.SUPERVISOR) as person:
        assert (await person.get(f"{ATTACHMENTS_PATH}/{SHA256}")).status_code == 403
    await two.city.erase(two.ticket)
    assert (await ask(two.province, two.city))[0] == 404


async def test_a_file_waits_as_long_as_its_platform_cannot_be_reached(two: Two) -> None:
    await two.forward()
    two.city.weather.is_cut = True
    assert await two.fetch(two.province, times=9) == [("waiting", "HTTP 503")]
    # The ticket is there, and what is said of it meanwhile is delivered.
    amended = Telling(
        *(PROVINCE, two.ticket, Kind.ACT, DAY, "a", "ticket.amended"), {"addition": "夜间没有照明"}
    )
    two.city.weather.is_cut = False
    await two.city.tell(two.province, amended)
    await two.city.send_all(two.province)
    await two.deliver(two.province)
    shelf = two.shelves[PROVINCE]
    assert shelf.added == ["夜间没有照明"]
    assert await two.fetch(two.province) == [("kept", "")]
    assert shelf.on_ticket == [{"attachments": [shelf.kept[SHA256]], "kind": "evidence"}]


async def test_a_file_goes_from_process_to_process(two: Two) -> None:
    async with (
        listening(two.shelves[CITY]) as giving,
        listening(two.shelves[PROVINCE]) as taking,
        open_session() as session,
    ):
        two.city.weather.app = make_app(
            two.city.runtime, {Service.INTAKE: HttpHop(session, giving)}
        )
        two.ways[PROVINCE] = HttpHop(session, taking)
        await two.forward()
        assert (await ask(two.province, two.city))[:2] == (200, PHOTO)
        assert await two.fetch(two.province) == [("kept", "")]
    assert list(two.shelves[PROVINCE].kept) == [SHA256]


async def test_what_lies_about_itself_is_left_out_and_the_ticket_says_so(two: Two) -> None:
    for described in LIES:
        two.ticket, two.photo = str(uuid4()), str(uuid4())
        await two.forward(**described)
    found = await two.fetch(two.province, times=12)
    fields = sorted(told.partition("：")[0] for state, told in found if state == "left_out")
    assert fields == ["bytes", "bytes", "media_type", "sha256", "sha256"]
    shelf = two.shelves[PROVINCE]
    assert (shelf.kept, shelf.on_ticket) == ({}, [])
    assert len(shelf.added) == len(LIES)
    assert all(any(told in addition for addition in shelf.added) for _, told in found)


async def test_what_our_own_intake_refuses_is_left_out_with_its_field(two: Two) -> None:
    await two.forward()
    shelf = two.shelves[PROVINCE]
    shelf.answers["/v1/attachments"] = (422, REFUSED)
    amend = f"/v1/tickets/{shelf.ticket}/amend"
    shelf.answers[amend] = (503, {"code": "unavailable"})
    [(state, _)] = await two.fetch(two.province)
    # It was not said yet, so it is not left out yet.
    assert state == "waiting"
    del shelf.answers[amend]
    assert await two.fetch(two.province) == [("left_out", "Content-Type：内容是 text")]
    assert len(shelf.added) == 1


async def test_what_is_killed_between_any_two_steps_is_done_once(two: Two) -> None:
    """Fetched and not kept, kept and not attached, attached and not written down."""
    await two.forward()
    shelf = two.shelves[PROVINCE]
    path = f"/v1/tickets/{shelf.ticket}/attachments"
    for broken in ("/v1/attachments", path):
        shelf.answers[broken] = (500, {})
        assert (await two.fetch(two.province))[0][0] == "waiting"
        del shelf.answers[broken]
    await two.fetch(two.province)
    await two.province.runtime.database.pool.execute("UPDATE files_in SET state = 'waiting'")
    assert await two.fetch(two.province) == [("kept", "")]
    assert len(shelf.kept) == 1
    assert {tuple(one["attachments"]) for one in shelf.on_ticket} == {
        (one,) for one in shelf.kept.values()
    }
    # The message again, and the file told of once more: nothing is expected twice.
    attached = {"attachment": two.photo, "kind": "evidence", "media_type": "image/png"}
    attached |= {"bytes": len(PHOTO), "sha256": SHA256, "attached_by": "HW0107"}
    again = Telling(PROVINCE, two.ticket, Kind.ACT, DAY, "t", "ticket.attached", attached)
    await two.city.tell(two.province, again)
    await two.city.send_all(two.province)
    await two.deliver(two.province)
    assert await two.province.count("files_in") == 1


async def test_a_reply_waits_for_its_letter_and_names_it(two: Two) -> None:
    """But not for ever: what comes later is on the ticket all the same."""
    city, shelf, again = two.city, two.shelves[CITY], "UPDATE deliveries SET next_at = now()"
    pool = city.runtime.database.pool
    await pool.execute(
        "INSERT INTO forwarded_out (ticket_id, round, peer, unit, forwarded_at, state)"
        " VALUES ($1, 1, $2, 'u', now(), 'queued')",
        UUID(two.ticket),
        PROVINCE,
    )
    await _reply_with_letter(two, 1)
    assert (shelf.replied, await city.count("deliveries")) == ([], 1)
    assert await two.fetch(city) == [("kept", "")]
    await pool.execute(again)
    await two.deliver(city)
    assert [one["attachments"] for one in shelf.replied] == [[shelf.kept[SHA256]]]

    await _reply_with_letter(two, 2)
    await pool.execute(f"{again}, attempts = 10")
    await two.deliver(city)
    assert (len(shelf.replied), "attachments" in shelf.replied[1]) == (2, False)
    assert await two.fetch(city) == [("kept", "")] * 2
    assert [one["kind"] for one in shelf.on_ticket] == ["letter"] * 2


async def test_what_was_left_out_is_listed_and_fetched_again_once(two: Two) -> None:
    """Its platform had it nowhere, and has it again when a person asks anew."""
    shelf, path = two.shelves[PROVINCE], "/v1/federation/files"
    for _ in range(2):
        await two.forward()
        two.photo, two.ticket = str(uuid4()), str(uuid4())
    given, two.shelves[CITY].has = two.shelves[CITY].has, {}
    found = await two.fetch(two.province, times=6)
    assert [state for state, _ in found] == ["left_out"] * 2
    await two.province.hear(shelf.ticket, created(number="510000-261009-0000007"))
    again = f"{path}/{shelf.ticket}/fetch"
    async with two.province.client(Role.SUPERVISOR) as other:
        assert (await other.get(path)).status_code == 403
        assert (await other.post(again, json={})).status_code == 403
    async with two.province.client(Role.ADMINISTRATOR) as person:
        first = (await person.get(path, params={"limit": 1})).json()
        rest = (await person.get(path, params={"limit": 1, "after": first["next"]})).json()
        items = [*first["items"], *rest["items"]]
        assert ({one["file"] for one in items}, rest["next"]) == (set(given), None)
        shown = {name: items[0][name] for name in ("platform", "number", "kind_name", "problem")}
        assert list(shown.values()) == [
            *(CITY, "510000-261009-0000007", "证明材料"),
            "来源平台没有给出该附件的内容",
        ]
        for cursor in ("x", write_cursor("a", "b")):
            wrong = await person.get(path, params={"after": cursor})
            assert wrong.json()["errors"][0]["code"] == "bad_cursor"
        unknown = await person.post(f"{path}/{uuid4()}/fetch", json={})
        assert (unknown.status_code, unknown.json()["detail"][:3]) == (404, "未找到")

        answers = [(await person.post(again, json={})).json() for _ in range(2)]
        assert answers[0] == answers[1]
        assert [one["state"] for one in answers[0]["items"]] == ["waiting"] * 2
        assert (await person.get(path)).json()["items"] == []
        # It has its six tries anew, and what is over is said once.
        assert {state for state, _ in await two.fetch(two.province, times=5)} == {"waiting"}
        assert {state for state, _ in await two.fetch(two.province)} == {"left_out"}
        two.shelves[CITY].has = given
        await person.post(again, json={})
        assert await two.fetch(two.province) == [("kept", "")] * 2
        assert (await person.post(again, json={})).json()["items"][0]["state"] == "kept"
    await two.fetch(two.province)
    assert len(shelf.on_ticket) == 2


async def test_a_letter_of_a_third_platform_goes_home_however_late_it_came(two: Two) -> None:
    """The reply went on without it. It is told once; what a house keeps for itself is not."""
    await two.forward()
    ticket, unit = two.shelves[PROVINCE].ticket, "530000-03"
    file = {"kind": "letter", "media_type": "image/png", "bytes": len(PHOTO), "sha256": SHA256}
    letter, internal = (uuid4() for _ in range(2))
    reply = {"unit": unit, "replied_by": "YJ1"} | ELEMENTS
    await two.province.hear(
        ticket,
        TicketReplied(reply=1, **reply),
        TicketAttached(attachment=letter, unit=unit, attached_by="platform:530000", **file),
        TicketAttached(attachment=internal, unit=unit, attached_by="YJ1", **file),
        TicketSigned(unit=unit, signed_by="YJ1"),
        TicketReplied(reply=2, letter=letter, **reply),
    )
    told = "SELECT payload::jsonb -> 'data' ->> 'attachment' AS attachment FROM outgoing"
    rows = await two.province.fetch(
        f"{told} WHERE peer = $1 AND subject = $2 ORDER BY sequence", CITY, two.ticket
    )
    assert [row["attachment"] for row in rows] == [None, str(letter), None, None]


async def _reply_with_letter(two: Two, number: int) -> None:
    """The province replies with a letter, and the city is told."""
    letter, unit = str(uuid4()), "530000-03"
    two.shelves[PROVINCE].has[letter] = PHOTO
    attached = {"attachment": letter, "kind": "letter", "media_type": "image/png", "unit": unit}
    attached |= {"bytes": len(PHOTO), "sha256": SHA256, "attached_by": "YJ1"}
    replied = {"unit": unit, "reply": number, "replied_by": "YJ1", "letter": letter}
    async with two.province.runtime.database.pool.acquire() as connection:
        await files.note(connection, [files.Noted(CITY, uuid4(), attached, is_named=True)])
    told = (
        (Kind.ACT, f"t{number}", "ticket.attached", attached),
        (Kind.RESULT, f"r{number}", "ticket.replied", ELEMENTS | replied),
    )
    await two.province.tell(
        two.city,
        *(Telling(CITY, two.ticket, kind, DAY, key, *rest) for kind, key, *rest in told),
    )
    await two.province.send_all(two.city)
    await two.deliver(two.city)
