"""What the document of a decided case says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.dispatch.cases.rules import CHINESE_CAPACITIES, Capacity
from services.dispatch.cases.sittings import Sitting
from services.dispatch.models import Ticket
from services.dispatch.precedents.models import Precedent
from shared.documents import Document, Signer
from shared.events.chinese import CHINESE
from shared.events.kinds import CaseKind

GROUP = "{place}12345热线会商协调小组"
LETTERS = "办理回复、退单、延期等均须以书面形式，经单位负责人签字并加盖公章后反馈（ZY 13.5）。"
TOGETHER = "由主办单位牵头负责处理并答复诉求人，协办单位配合办理（ZY 13.5(5)）。"
BINDS = "今后如遇同类事项，主办、协办单位应当参照办理，不得退回（ZY 13.5(5)）。"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the document names beside the case: the place, the units, the precedent."""

    place: str
    lead: str
    co_units: tuple[str, ...]
    precedent: Precedent | None


def paper_of(sitting: Sitting, ticket: Ticket, facts: Facts, *, at: datetime) -> Document:
    """The numbered document. The report to the leader and who voted for whom stay with the case."""
    case, paper = sitting.case, sitting.paper
    assert case.number is not None, "a decision is numbered first"
    group = GROUP.format(place=facts.place)
    return Document(
        title=paper.title,
        number=case.number,
        office=group,
        addressee="、".join([facts.lead, *facts.co_units]),
        at=at,
        paragraphs=_paragraphs(sitting, facts),
        facts=_facts(sitting, ticket, facts),
        signers=_signers(sitting),
        seal=group,
    )


def keep(document: Document) -> dict[str, Any]:
    """A document as JSON."""
    kept = asdict(document)
    kept["at"] = document.at.isoformat()
    for signer in kept["signers"]:
        signer["at"] = signer["at"].isoformat()
    return kept


def kept(given: Mapping[str, Any]) -> Document:
    """A document that was kept as JSON."""
    signers = [
        Signer(one["capacity"], one["name"], datetime.fromisoformat(one["at"]))
        for one in given["signers"]
    ]
    facts = [(label, words) for label, words in given["facts"]]
    at = datetime.fromisoformat(given["at"])
    return Document(**(dict(given) | {"at": at, "signers": signers, "facts": facts}))


def _paragraphs(sitting: Sitting, facts: Facts) -> list[str]:
    case, paper = sitting.case, sitting.paper
    said = [paper.grounds]
    if case.minutes is not None:
        said.append(f"会议纪要：{case.minutes}")
    said += [f"会商意见：{case.opinion}", paper.asked]
    if facts.co_units:
        said.append(TOGETHER)
    if facts.precedent is not None:
        said.append(BINDS)
    return [*said, LETTERS]


def _facts(sitting: Sitting, ticket: Ticket, facts: Facts) -> list[tuple[str, str]]:
    named = [
        ("工单编号", ticket.number),
        ("诉求事项", ticket.title),
        ("诉求类型", CHINESE[ticket.request_type]),
        ("会商情形", CHINESE[CaseKind(sitting.case.kind)]),
        ("依据", sitting.paper.source),
        ("主办单位", facts.lead),
    ]
    if facts.co_units:
        named.append(("协办单位", "、".join(facts.co_units)))
    if facts.precedent is not None:
        kind = f"类别 {facts.precedent.category}，适用地区 {facts.precedent.jurisdiction}"
        named.append(("同类事项", kind))
    return named


def _signers(sitting: Sitting) -> list[Signer]:
    signed = [
        Signer(CHINESE_CAPACITIES[Capacity(one.capacity)], one.subject, one.at)
        for one in sitting.signatures
    ]
    capacities = {one.subject: one.capacity for one in sitting.members}
    # Who was at the meeting; not for whom they were.
    present = [Signer(capacities[one.subject], one.subject, one.at) for one in sitting.votes]
    return [*signed, *present]
