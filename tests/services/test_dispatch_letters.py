"""On tickets of the coordination group each paper carries a sealed letter (ZY 13.5, B7)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.sla.app import make_app as make_sla
from services.sla.consumer import handlers as sla_handlers
from shared.events.callers import TicketAttached
from shared.events.dispatch import (
    TicketDispatched,
    TicketInterimClosed,
    TicketReplied,
    TicketReturnRequested,
    TicketSigned,
    TicketTerminated,
)
from shared.events.kinds import AttachmentKind
from shared.events.sla import TicketExtensionRequested
from shared.events.words import Role, Service
from tests.harness import token
from tests.services.dispatch_desk import (
    HOUSING,
    REPLY,
    RETURN,
    WATER,
    Desk,
    created,
    desk,
    get,
    post,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
INTERIM = {
    "progress": "已立案，正在调查取证",
    "next_step": "取证后作出处罚决定",
    "promised_at": "2026-12-31T17:30:00+08:00",
}
FILING = {"opinion": "已三次依法处理", "script": "不予退费", "explanation": "已当面解释"}
EXTEND = {"working_days": 2, "reason": "需更换整段地下电缆，情况复杂"}


def attached(
    attachment: UUID, *, unit: str | None = WATER, kind: AttachmentKind = AttachmentKind.LETTER
) -> TicketAttached:
    """What intake says of a file."""
    return TicketAttached(
        attachment=attachment,
        kind=kind,
        media_type="application/pdf",
        bytes=1000,
        sha256="0" * 64,
        unit=unit,
        attached_by="YJ0201",
    )


def letter(attachment: UUID, **values: Any) -> dict[str, Any]:
    """A letter as a unit hands it in."""
    return {"attachment": str(attachment), "signed_by": "水务局局长", "is_sealed": True} | values


async def group_ticket(desk: Desk) -> tuple[str, str]:
    """A signed ticket of the coordination group; its id and its path."""
    ticket = await desk.file()
    path = f"/v1/tickets/{ticket}"
    await post(await desk.unit(WATER), f"{path}/sign", {})
    await desk.runtime.database.pool.execute(
        "UPDATE tickets SET needs_letter = true WHERE id = $1", UUID(ticket)
    )
    return ticket, path


WRONG = (
    (None, "letter", "letter_missing"),
    ({"is_sealed": False}, "letter.is_sealed", "not_sealed"),
    ({"attachment": str(UUID(int=9))}, "letter.attachment", "unknown_attachment"),
    ("evidence", "letter.attachment", "no_letter"),
    ("others", "letter.attachment", "others_letter"),
)


@pytest.mark.parametrize(
    ("act", "body"),
    [("reply", REPLY), ("return", RETURN), ("interim-close", INTERIM), ("terminate", FILING)],
)
async def test_what_a_unit_answers_with_needs_its_letter(
    ruled_desk: Desk, act: str, body: dict[str, Any]
) -> None:
    ticket, path = await group_ticket(ruled_desk)
    water = await ruled_desk.unit(WATER)
    if act == "terminate":
        earlier = await ruled_desk.file()
        await post(water, f"/v1/tickets/{earlier}/sign", {})
        await post(water, f"/v1/tickets/{earlier}/reply", REPLY)
        body = body | {"earlier": [earlier]}
    right, evidence, others = uuid7(), uuid7(), uuid7()
    await ruled_desk.tell(ticket, attached(right))
    await ruled_desk.tell(ticket, attached(evidence, kind=AttachmentKind.EVIDENCE))
    await ruled_desk.tell(ticket, attached(others, unit=HOUSING))
    papers = {"evidence": letter(evidence), "others": letter(others)}
    for given, field, code in WRONG:
        if isinstance(given, str):
            more = {"letter": papers[given]}
        else:
            more = {} if given is None else {"letter": letter(right) | given}
        refused = await post(water, f"{path}/{act}", body | more, status=422)
        (error,) = refused["errors"]
        assert (error["field"], error["code"]) == (field, code)
    assert "ZY 13.5" in str((await post(water, f"{path}/{act}", body, status=422))["errors"])
    await post(water, f"{path}/{act}", body | {"letter": letter(right)})
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(
        said, TicketReplied | TicketReturnRequested | TicketInterimClosed | TicketTerminated
    )
    assert said.letter == right
    last = (await ruled_desk.timeline(ticket))[-1]
    assert last["detail"]["letter"] == letter(right)


async def test_other_tickets_need_none_but_a_wrong_one_is_refused(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    path, water = f"/v1/tickets/{ticket}", await ruled_desk.unit(WATER)
    await post(water, f"{path}/sign", {})
    body = REPLY | {"letter": letter(uuid7())}
    await post(water, f"{path}/reply", body, status=422)
    await post(water, f"{path}/reply", REPLY)


async def test_files_of_a_reply_are_those_of_the_ticket(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    path, water, photo = f"/v1/tickets/{ticket}", await ruled_desk.unit(WATER), uuid7()
    await post(water, f"{path}/sign", {})
    body = REPLY | {"attachments": [str(photo)]}
    refused = await post(water, f"{path}/reply", body, status=422)
    assert [(one["field"], one["code"]) for one in refused["errors"]] == [
        ("attachments", "unknown_attachment")
    ]
    await ruled_desk.tell(ticket, attached(photo, kind=AttachmentKind.EVIDENCE))
    await post(water, f"{path}/reply", body)
    (reply,) = (await get(water, path))["replies"]
    assert reply["attachments"] == [str(photo)]


async def test_a_file_of_a_ticket_that_is_not_accepted_yet_holds_nothing_up(
    ruled_desk: Desk,
) -> None:
    ticket, photo = str(uuid7()), uuid7()
    early = ruled_desk.harness.event(attached(photo, unit=None), ticket)
    await ruled_desk.hear(early, ruled_desk.harness.event(created(), ticket))
    water = await ruled_desk.unit(WATER)
    await post(water, f"/v1/tickets/{ticket}/sign", {})
    body = REPLY | {"attachments": [str(photo)]}
    await post(water, f"/v1/tickets/{ticket}/reply", body)


async def test_a_draft_keeps_its_letter_until_it_leaves(ruled_desk: Desk) -> None:
    ticket, path = await group_ticket(ruled_desk)
    water, right = await ruled_desk.unit(WATER), uuid7()
    await ruled_desk.tell(ticket, attached(right))
    draft = {name: text for name, text in REPLY.items() if name != "checked_by"}
    await post(water, f"{path}/reply", draft, status=422)
    await post(water, f"{path}/reply", draft | {"letter": letter(right)})
    second = await ruled_desk.person(Role.UNIT, unit=WATER, subject="YJ0201")
    await post(second, f"{path}/check-reply", {"passed": True})
    (reply,) = (await get(water, path))["replies"]
    assert reply["letter"] == letter(right)


async def test_an_extension_needs_a_letter_too(ruled_desk: Desk) -> None:
    harness = ruled_desk.harness
    harness.clock.stepped = MONDAY
    sla = await harness.runtime(Service.SLA)
    app, hear = make_sla(sla), sla_handlers(sla)
    ticket, right, others = str(uuid7()), uuid7(), uuid7()
    dispatched = TicketDispatched(
        unit=WATER, unit_name="资阳市水务局", round=1, dispatched_by="x", case=uuid7()
    )
    for payload in (
        created(),
        attached(right),
        attached(others, unit=HOUSING),
        attached(uuid7(), kind=AttachmentKind.EVIDENCE),
        dispatched,
        TicketSigned(unit=WATER, signed_by="x"),
    ):
        await harness.hear(sla, hear, harness.event(payload, ticket, time=MONDAY))
    water = await harness.client(app, token(harness.settings, Role.UNIT, unit=WATER))
    path = f"/v1/tickets/{ticket}/extend"
    refused = await post(water, path, EXTEND, status=422)
    (error,) = refused["errors"]
    assert (error["code"], "ZY 13.5" in error["message"]) == ("letter_missing", True)
    await post(water, path, EXTEND | {"letter": letter(others)}, status=422)
    await post(water, path, EXTEND | {"letter": letter(right, is_sealed=False)}, status=422)
    asked = await post(water, path, EXTEND | {"letter": letter(right)})
    assert asked["letter"] == letter(right)
    said = [event.data for event in await harness.said(sla)]
    (request,) = [data for data in said if isinstance(data, TicketExtensionRequested)]
    assert request.letter == right
