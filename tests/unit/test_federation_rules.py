"""Who is told of what, and which act of ours a message is; pure."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.gateway.federation.acts import acts_at_home, acts_here, filing, handled_in, masked
from services.gateway.federation.rules import (
    Fate,
    Peer,
    comes_anew,
    fate,
    goes_back,
    goes_onward,
    leaves,
    passed_on,
    told,
)
from services.gateway.peers.rules import PeerKind
from shared.crossing import Forward
from shared.events.dispatch import (
    SentBack,
    TicketClosed,
    TicketReopened,
    TicketReturnDecided,
    TicketSigned,
    TicketWithdrawn,
)
from shared.events.envelope import Event, Payload
from shared.events.intake import Place, TicketAmended
from shared.events.knowledge import ArticleRetired
from shared.events.loop import TicketRecalled
from shared.events.sla import OrderIssued
from shared.events.words import CloseReason, RequestType, ReturnDecision, ReturnGround
from shared.exchange import Kind

AT = datetime(2026, 3, 2, 2, tzinfo=UTC)
SIGNED = TicketSigned(unit="u", signed_by="S1")
CLOSED = TicketClosed(unit="u", reason=CloseReason.SATISFIED)
REDONE = TicketReopened(unit="u", reason="仍未解决")
RETIRED = ArticleRetired(jurisdiction="512000", reason="过期")
ORDER = OrderIssued(number="1", kind="order", unit="512000-platform", due_at=AT)
GIVEN_BACK = SentBack(
    ground=ReturnGround.NOT_OUR_DUTY,
    reason="不属职责",
    legal_basis="公路法",
    proposed_unit="省交通厅",
    requested_by="HW1",
)


def event(data: Payload) -> Event[Payload]:
    return Event("/1/x", "00000000-0000-0000-0000-000000000001", 1, AT, data)


def peer(kind: PeerKind) -> Peer:
    return Peer("512000", kind, frozenset({"512000-platform"}))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (PeerKind.PARENT, [True, True, True, True]),
        (PeerKind.CHILD, [False, False, True, True]),
        (PeerKind.SUBCENTER, [False, False, True, False]),
        (PeerKind.NEIGHBOUR, [False, False, False, False]),
    ],
)
def test_each_kind_of_platform_is_told_of_its_own(kind: PeerKind, expected: list[bool]) -> None:
    data: list[Payload] = [SIGNED, CLOSED, RETIRED, ORDER]
    assert [told(peer(kind), event(one)) for one in data] == expected


def test_an_order_for_somebody_else_stays_here() -> None:
    other = ORDER.model_copy(update={"unit": "510000-01"})
    assert not told(peer(PeerKind.CHILD), event(other))


def test_what_goes_onward_goes_once() -> None:
    """A parent has it from the mirror already; a child is told of no redo but this way."""
    assert goes_onward(peer(PeerKind.CHILD), event(REDONE))
    assert goes_onward(peer(PeerKind.NEIGHBOUR), event(CLOSED))
    assert not goes_onward(peer(PeerKind.PARENT), event(REDONE))
    assert not goes_onward(peer(PeerKind.CHILD), event(SIGNED))
    assert goes_onward(peer(PeerKind.NEIGHBOUR), event(TicketAmended(about_unit="512000-01")))
    about_it = TicketAmended(about_unit="512000-platform", addition="投诉该平台的人")
    assert not goes_onward(peer(PeerKind.NEIGHBOUR), event(about_it))
    assert goes_onward(peer(PeerKind.NEIGHBOUR), event(TicketRecalled(unit="512000-platform")))


def test_articles_go_on_and_never_back() -> None:
    assert passed_on(peer(PeerKind.CHILD), Kind.ARTICLE, sender="513000")
    assert not passed_on(peer(PeerKind.CHILD), Kind.ARTICLE, sender="512000")
    assert not passed_on(peer(PeerKind.NEIGHBOUR), Kind.ARTICLE, sender="513000")
    assert not passed_on(peer(PeerKind.CHILD), Kind.ACT, sender="513000")


def test_what_came_is_delivered_reported_or_set_aside() -> None:
    child, parent = PeerKind.CHILD, PeerKind.PARENT
    assert fate(child, Kind.ACT, is_crossing=False) is Fate.MIRROR
    assert fate(child, Kind.ACT, is_crossing=True) is Fate.BOTH
    assert fate(child, Kind.ACT, is_crossing=True, is_ours=True) is Fate.DELIVER
    assert fate(parent, Kind.RESULT, is_crossing=True) is Fate.DELIVER
    assert fate(parent, Kind.RESULT, is_crossing=False) is Fate.UNKNOWN
    assert fate(parent, Kind.ORDER, is_crossing=False) is Fate.BOTH
    assert fate(PeerKind.NEIGHBOUR, Kind.CALL, is_crossing=False) is Fate.UNKNOWN


def test_a_ticket_leaves_goes_back_or_comes_anew() -> None:
    granted = TicketReturnDecided(
        unit="u", decision=ReturnDecision.GRANTED, reason="属实", decided_by="HW1"
    )
    rejected = granted.model_copy(update={"decision": ReturnDecision.REJECTED})
    assert (leaves(granted), comes_anew(granted)) == (True, False)
    assert (leaves(rejected), comes_anew(rejected)) == (False, True)
    assert goes_back(TicketWithdrawn(sent_back=GIVEN_BACK))
    assert not goes_back(TicketWithdrawn())
    assert not goes_back(CLOSED)


def test_acts_carry_what_our_services_take() -> None:
    back = TicketWithdrawn(sent_back=GIVEN_BACK).model_dump(mode="json")
    (given,) = acts_at_home("ticket.withdrawn", back)
    assert (given.name, given.body["proposed_unit"]) == ("return", "省交通厅")
    assert acts_at_home("ticket.withdrawn", {}) == []
    bare = {"ground": "out_of_scope", "reason": "不在受理范围", "legal_basis": " "}
    (given,) = acts_at_home("ticket.withdrawn", {"sent_back": bare})
    assert (given.body["reason"], given.body["legal_basis"], given.body["proposed_unit"]) == (
        *("不在受理范围", "对方平台未说明依据"),
        "对方平台未建议承办单位",
    )
    reply = {"findings": "已查", "result": "请拨打13912345678", "checked_by": "YJ 02"}
    sign, answer = acts_at_home("ticket.replied", reply)
    assert (sign.name, sign.needed) == ("sign", False)
    assert answer.body["checked_by"] == "YJ02"
    (_, answer) = acts_at_home("ticket.replied", {"result": "已查", "replied_by": "YJ01"})
    assert "checked_by" not in answer.body, "nobody is made a reader who was named none"
    assert "13912345678" not in answer.body["result"]
    (end,) = acts_here("ticket.closed", CLOSED.model_dump(mode="json"))
    assert end.body["reason"] == "satisfied"
    (end,) = acts_here("ticket.coordinated", {})
    assert end.body["reason"] == CloseReason.AT_HOME
    assert acts_here("ticket.dispatched", {}) == acts_at_home("ticket.rated", {}) == []


def test_a_matter_of_a_hosted_city_is_handled_there() -> None:
    forward = Forward(
        number="1",
        jurisdiction="532800",
        request_type=RequestType.HELP,
        title="停水",
        content="停水两天",
        place=Place(division="513221"),
        accepted_at=AT,
        forwarded_at=AT,
        round=2,
    )
    assert handled_in(forward, platform="510000", hosted=["513200", "512000"]) == "513200"
    assert handled_in(forward, platform="510000", hosted=[]) == "510000"
    body = filing(forward, platform="532800", ticket_id=str(UUID(int=1)), place="513200")
    assert body["external_id"] == f"532800:{UUID(int=1)}:2"
    assert "sealed_caller" not in body


def test_texts_lose_numbers_of_people_and_nothing_else() -> None:
    assert masked("请联系13912345678或028-26110000。") == "请联系139****678或028-26110000。"
