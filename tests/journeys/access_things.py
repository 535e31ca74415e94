"""A thing of each kind that an operation can name: of this unit and another, of another city."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, JSON, Boolean, DateTime, Integer, LargeBinary, Table, Uuid, insert
from uuid_utils.compat import uuid7

from services.dispatch.cases.models import Case
from services.dispatch.models import Base as Dispatch
from services.dispatch.models import DutyRule
from services.dispatch.precedents.models import Precedent
from services.dispatch.repeats.models import MasterOffer
from services.gateway.federation.models import ForwardedOut
from services.gateway.people.models import Person
from services.gateway.subscriptions.models import Subscription
from services.intake.abuses.models import AbuseNotice, AbuseRecord
from services.intake.attachments.models import Attachment, TicketAttachment
from services.intake.disputes.models import Dispute
from services.intake.follow_ups.models import FollowUpTask
from services.intake.models import Base as Intake
from services.intake.publications.models import Publication
from services.intake.quality.models import QualityCheck, QualityForm
from services.intake.seats.models import Seat
from services.knowledge.models import Article, ArticleVersion
from services.sla.models import Extension, Promise
from services.sla.orders.models import Order
from shared.events.words import Service
from shared.policy.load import builtin_packs
from tests.journeys.city import City
from tests.journeys.town import FIRST, MONDAY, SECOND, ZIYANG

OTHER_CITY = "532800"


@dataclass(frozen=True)
class Where:
    """Whose a thing is: its place, its unit and its label."""

    name: str
    place: str
    unit: str
    secrecy: str = "normal"


MINE = Where("mine", ZIYANG, FIRST)
OTHER = Where("other", ZIYANG, SECOND)
FAR = Where("far", OTHER_CITY, f"{OTHER_CITY}-01")
LABEL = Where("label", ZIYANG, SECOND, "sensitive")
EVERYWHERE = (MINE, OTHER, FAR, LABEL)


@dataclass(frozen=True)
class Spot:
    """Where a thing is made, and of which ticket."""

    where: Where
    ticket: UUID

    @property
    def code(self) -> str:
        """A short code that no other thing has."""
        return f"secret-{self.where.name}"


Row = tuple[type[Any] | Table, dict[str, Any]]
Maker = Callable[[Spot], list[Row]]


@dataclass(frozen=True)
class Thing:
    """How a kind of things is made: rows of one service, the named one first; its key."""

    service: Service
    make: Maker
    key: str = "id"
    has_label: bool = True


def of_ticket(kind: type[Any], **more: Any) -> Maker:
    """A thing of a ticket that is told by where it is alone."""
    return lambda spot: [(kind, more)]


def _case(spot: Spot) -> list[Row]:
    return [(Case, {"state": "decided", "kind": "undetermined", "lead_unit": spot.where.unit})]


def _attachment(spot: Spot) -> list[Row]:
    file = uuid7()
    named = {"id": file, "media_type": "text/plain", "uploaded_by": spot.code}
    return [(Attachment, named), (TicketAttachment, {"attachment_id": file, "kind": "evidence"})]


def _check(spot: Spot) -> dict[str, Any]:
    return {
        "subject": "ticket",
        "subject_id": spot.ticket,
        "state": "open",
        "reason": "random",
    }


def _abuse_notice(spot: Spot) -> list[Row]:
    record = uuid7()
    words = {"kind": "judicial", "abuses": [record]}
    return [(AbuseNotice, words), (AbuseRecord, {"id": record, "category": "threats"})]


def _abuse(_: Spot) -> list[Row]:
    proven = {"category": "threats", "caller_id": uuid7(), "evidence": [uuid7()]}
    return [(AbuseRecord, proven)]


def _article(spot: Spot) -> list[Row]:
    article = uuid7()
    draft = {"id": article, "state": "draft", "version_latest": 1}
    return [(Article, draft), (ArticleVersion, {"article_id": article, "version": 1})]


def _order(spot: Spot) -> list[Row]:
    pack = builtin_packs()[ZIYANG]
    rung = pack.supervision.rungs[0]
    number = {"policy": pack.content_hash, "kind": rung.kind, "number": spot.code}
    return [(Order, number | {"state": "issued", "due_at": MONDAY, "matter": str(spot.ticket)})]


def _notice(tables: Mapping[str, Table]) -> Maker:
    return lambda spot: [(tables["notices"], {"kind": "caller", "state": "dead"})]


THINGS: Mapping[str, Thing] = {
    "abuse": Thing(Service.INTAKE, _abuse),
    "extension": Thing(Service.SLA, of_ticket(Extension, state="requested"), key="ticket_id"),
    "/v1/attachments/{attachment_id}": Thing(Service.INTAKE, _attachment),
    "/v1/disputes/{dispute_id}": Thing(Service.INTAKE, of_ticket(Dispute)),
    "/v1/follow-ups/{task_id}": Thing(Service.INTAKE, of_ticket(FollowUpTask, state="open")),
    "/v1/abuses/notices/{notice_id}": Thing(Service.INTAKE, _abuse_notice),
    "/v1/publications/{publication_id}": Thing(
        Service.INTAKE, of_ticket(Publication, state="proposed")
    ),
    "/v1/quality-checks/{check_id}": Thing(
        Service.INTAKE,
        lambda spot: [(QualityCheck, _check(spot))],
    ),
    "/v1/quality-forms/{code}": Thing(
        Service.INTAKE,
        lambda spot: [
            (QualityForm, {"code": spot.code, "version": 1, "subject": "ticket", "lines": []})
        ],
        key="code",
        has_label=False,
    ),
    "/v1/seats/{number}": Thing(
        Service.INTAKE,
        lambda spot: [(Seat, {"number": spot.code, "kind": "call", "unit": None})],
        key="number",
        has_label=False,
    ),
    "/v1/caller-notices/{notice_id}": Thing(
        Service.INTAKE, _notice(Intake.metadata.tables), has_label=False
    ),
    "/v1/cases/{case_id}": Thing(Service.DISPATCH, _case),
    "/v1/duty-rules/{rule_id}": Thing(
        Service.DISPATCH,
        lambda spot: [(DutyRule, {"id": spot.code, "priority": 9999, "category": "99"})],
        has_label=False,
    ),
    "/v1/precedents/{precedent_id}": Thing(
        Service.DISPATCH,
        lambda spot: [(Precedent, {"lead_unit": spot.where.unit, "category": spot.code})],
        has_label=False,
    ),
    "/v1/masters/offers/{offer_id}": Thing(
        Service.DISPATCH, of_ticket(MasterOffer), has_label=False
    ),
    "/v1/notices/{notice_id}": Thing(
        Service.DISPATCH, _notice(Dispatch.metadata.tables), has_label=False
    ),
    "/v1/orders/{order_id}": Thing(Service.SLA, _order),
    "/v1/promises/{unit}": Thing(
        Service.SLA,
        lambda spot: [(Promise, {"request_type": "help", "length_unit": "working_days"})],
        key="unit",
        has_label=False,
    ),
    "/v1/articles/{article_id}": Thing(Service.KNOWLEDGE, _article, has_label=False),
    "/v1/subscriptions/{subscription_id}": Thing(
        Service.GATEWAY, of_ticket(Subscription, state="stopped"), has_label=False
    ),
    "/v1/people/{work_number}": Thing(
        Service.GATEWAY,
        lambda spot: [(Person, {"work_number": f"WALK{spot.ticket.int % 10**9:09d}"})],
        key="work_number",
        has_label=False,
    ),
    "/v1/federation/tickets/{ticket_id}": Thing(
        Service.GATEWAY,
        lambda spot: [(ForwardedOut, {"round": 1, "state": "ended", "peer": "510000"})],
        key="ticket_id",
    ),
}
"""The things that stand in tables of their own, by the path that names one, or what bodies do."""
NAMED_BY_CODE: Mapping[str, Callable[[Where], str]] = {
    "/v1/jurisdictions/{code}": lambda where: where.place,
    "/v1/units/{code}": lambda where: where.unit,
}
"""Things of the trial directory."""


@dataclass
class Made:
    """The things that were made, by path and where, and all their keys by where."""

    keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def of(self, where: Where) -> set[str]:
        """The keys of what was made somewhere, as far as no directory has them."""
        keys = {key for (_, name), key in self.keys.items() if name == where.name}
        return keys - {where.place, where.unit}


async def make_things(city: City, tickets: Mapping[Where, UUID]) -> Made:
    """One thing of each kind in each place, of a ticket that lies there."""
    made = Made()
    for path, thing in THINGS.items():
        for where in EVERYWHERE:
            if where is LABEL and not thing.has_label:
                continue
            spot = Spot(where, tickets[where])
            rows = [(kind, _filled(kind, values, spot)) for kind, values in thing.make(spot)]
            made.keys[path, where.name] = str(rows[0][1][thing.key])
            async with city.platform.runtimes[thing.service].database.sessions() as session:
                for kind, values in rows:
                    await session.execute(insert(kind).values(values))
                await session.commit()
    for path, code in NAMED_BY_CODE.items():
        made.keys |= {(path, where.name): code(where) for where in (MINE, OTHER, FAR)}
    return made


def _filled(kind: type[Any] | Table, values: dict[str, Any], spot: Spot) -> dict[str, Any]:
    """A whole row: what was given, where the thing is, and something in what must not be empty."""
    table: Table = kind if isinstance(kind, Table) else kind.__table__
    where = spot.where
    told = {
        "ticket_id": spot.ticket,
        "jurisdiction": where.place,
        "unit": where.unit,
        "office": where.place,
        "recipient": where.unit,
    } | values
    row = {name: told[name] for name in table.columns.keys() if name in told}  # noqa: SIM118
    for column in table.columns:
        is_given = column.name in row or column.nullable or column.server_default is not None
        if not is_given and column.default is None and column.identity is None:
            row[column.name] = _something(column.type)
    return row


def _something(kind: Any) -> Any:
    for known, made in (
        (Uuid, uuid7),
        (DateTime, lambda: datetime.fromtimestamp(MONDAY.timestamp(), MONDAY.tzinfo)),
        (Boolean, bool),
        (Integer, int),
        (ARRAY, list),
        (JSON, dict),
        (LargeBinary, bytes),
    ):
        if isinstance(kind, known):
            return made()
    return "事项"
