"""What people hand in and see of cases."""

from collections.abc import Mapping
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.dispatch.cases.models import Case as CaseRow
from services.dispatch.cases.models import CaseMember, CaseSignature, CaseVote
from services.dispatch.cases.rules import (
    CHINESE_CAPACITIES,
    CHINESE_STATES,
    PAPERS,
    Capacity,
    CaseState,
    elected,
    missing,
)
from services.dispatch.cases.sittings import Sitting
from services.dispatch.directory.schemas import Category, Name
from services.dispatch.precedents.schemas import CO_UNITS_MAX
from services.dispatch.schemas import Code, Jurisdiction, Words
from shared.answers import BeijingTime, Input
from shared.documents import Format
from shared.events.chinese import CHINESE
from shared.events.kinds import CaseKind
from shared.pages import PageQuery
from shared.problems import field_error

MEMBERS_MAX = 50
CoUnits = Annotated[tuple[Code, ...], Field(max_length=CO_UNITS_MAX)]
Subject = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.@-]+$", strip_whitespace=True),
]


class Report(Input):
    """一事一报的报告 (ZY 13.5(3))。"""

    facts: Words = Field(description="基本情况", examples=["三个小区停水五天，涉及两千余户"])
    reach: Words = Field(description="涉及面", examples=["两千余户，已有四十件工单"])
    risk: Words = Field(description="风险研判", examples=["部分住户计划集中反映"])
    proposal: Words = Field(description="工作建议", examples=["请水务局牵头，住建局配合抢修"])


class Coordinate(Input):
    """提交会商协调小组 (ZY 13.5)。"""

    kind: CaseKind = Field(description="会商情形")
    reason: Words = Field(description="提交会商的理由", examples=["三个单位均认为不属本单位职责"])
    report: Report | None = Field(None, description="一事一报的报告，仅限 major，必须提交")


class NewMember(Input):
    """一名会商成员。"""

    subject: Subject = Field(description="工号", examples=["XT0001"])
    capacity: Name = Field(description="以何职务参加", examples=["市政府副秘书长"])
    is_head: bool = Field(False, description="是否组长")


class NameMembers(Input):
    """会商成员：一次提交全部成员，其中组长一名。"""

    members: tuple[NewMember, ...] = Field(
        min_length=1, max_length=MEMBERS_MAX, description="全部成员"
    )

    def checked(self) -> list[tuple[str, str, bool]]:
        """The members. Raises `Malformed` unless all differ and one is the head."""
        subjects = [member.subject for member in self.members]
        if len(set(subjects)) < len(subjects):
            raise field_error("members", "member_twice", "成员工号重复")
        if sum(member.is_head for member in self.members) != 1:
            raise field_error("members", "one_head", "须有且只有一名组长")
        return [(member.subject, member.capacity, member.is_head) for member in self.members]


class Vote(Input):
    """表决：由哪个单位牵头 (ZY 13.5(2))。"""

    lead_unit: Code = Field(description="主张的主办单位代码", examples=["512000-water"])
    opinion: Words | None = Field(None, description="意见")


class SignCase(Input):
    """签批 (ZY 13.5(1)(3)(4))。"""

    lead_unit: Code = Field(description="主办单位代码", examples=["512000-water"])
    co_units: CoUnits = Field((), description="协办单位代码")
    opinion: Words = Field(description="批示意见", examples=["同意，请水务局牵头办理"])


class DecideCase(Input):
    """会商决定：确定主办、协办单位，发出编号文书 (ZY 13.5)。"""

    lead_unit: Code = Field(description="主办单位代码", examples=["512000-water"])
    co_units: CoUnits = Field((), description="协办单位代码")
    opinion: Words = Field(description="会商意见", examples=["由水务局牵头，住建局配合"])
    minutes: Words | None = Field(None, description="会议纪要，会议决定的必须提交")
    is_precedent: bool = Field(True, description="同类事项是否参照办理 (ZY 13.5(5))")
    category: Category | None = Field(None, description="同类事项的类别；不填即工单的类别")
    jurisdiction: Jurisdiction | None = Field(None, description="适用地区；不填即工单所在地")
    replaces: UUID | None = Field(None, description="所替代的会商决定（先例）的编号")


class DropCase(Input):
    """撤销会商：工单退回待派单。"""

    reason: Words = Field(description="撤销的理由")


class CaseQuery(PageQuery):
    """会商事项的查询条件；不填即不论。"""

    state: CaseState | None = Field(None, description="状态")
    kind: CaseKind | None = Field(None, description="会商情形")
    ticket_id: UUID | None = Field(None, description="工单")


class DocumentQuery(Input):
    """文书的格式。"""

    format: Format = Field(Format.PDF, description="文书格式")


class CaseSummary(BaseModel):
    """列表中的一件会商事项。"""

    id: UUID
    ticket_id: UUID
    jurisdiction: str
    kind: CaseKind
    kind_name: str
    state: CaseState
    state_name: str
    source: str = Field(description="依据条款")
    opened_by: str
    opened_at: BeijingTime
    number: str | None = Field(description="文书编号；决定后才有")
    lead_unit: str | None
    co_units: list[str]
    closed_by: str | None
    closed_at: BeijingTime | None

    @classmethod
    def of(cls, row: CaseRow) -> Self:
        """A case as lists show it."""
        return cls.model_validate(_summary(row))


class MemberShown(BaseModel):
    """一名成员及其表决。"""

    subject: str
    capacity: str
    is_head: bool
    voted_for: str | None = Field(description="主张的主办单位；未表决为空")
    opinion: str | None
    voted_at: BeijingTime | None

    @classmethod
    def of(cls, row: CaseMember, votes: Mapping[str, CaseVote]) -> Self:
        """A member, with the vote of theirs."""
        vote = votes.get(row.subject)
        return cls(
            subject=row.subject,
            capacity=row.capacity,
            is_head=row.is_head,
            voted_for=None if vote is None else vote.lead_unit,
            opinion=None if vote is None else vote.opinion,
            voted_at=None if vote is None else vote.at,
        )


class SignatureShown(BaseModel):
    """一次签批。"""

    capacity: Capacity
    capacity_name: str
    subject: str
    lead_unit: str
    co_units: list[str]
    opinion: str
    at: BeijingTime

    @classmethod
    def of(cls, row: CaseSignature) -> Self:
        """A signature of the table."""
        return cls(
            capacity=Capacity(row.capacity),
            capacity_name=CHINESE_CAPACITIES[Capacity(row.capacity)],
            subject=row.subject,
            lead_unit=row.lead_unit,
            co_units=row.co_units,
            opinion=row.opinion,
            at=row.at,
        )


class Case(CaseSummary):
    """一件会商事项：成员、表决、签批，以及还缺什么。"""

    reason: str
    report: Report | None
    members: list[MemberShown]
    elected: str | None = Field(description="表决确定的主办单位")
    signatures: list[SignatureShown]
    missing: list[str] = Field(description="作出决定前还缺什么")
    opinion: str | None
    minutes: str | None
    precedent_id: UUID | None = Field(description="由此形成的会商决定（先例）")
    dropped_because: str | None

    @classmethod
    def whole(cls, sitting: Sitting) -> Self:
        """A case with its members, votes and signatures."""
        row, votes = sitting.case, {vote.subject: vote for vote in sitting.votes}
        so_far = sitting.proceedings(has_minutes=row.minutes is not None)
        is_open = row.state == CaseState.OPEN
        columns = ("reason", "report", "opinion", "minutes", "precedent_id", "dropped_because")
        return cls.model_validate(
            _summary(row)
            | {column: getattr(row, column) for column in columns}
            | {
                "members": [MemberShown.of(member, votes) for member in sitting.members],
                "elected": elected(so_far.members, so_far.votes),
                "signatures": [SignatureShown.of(one) for one in sitting.signatures],
                "missing": missing(sitting.paper, so_far) if is_open else [],
            }
        )


def _summary(row: CaseRow) -> dict[str, Any]:
    columns = (
        *("id", "ticket_id", "jurisdiction", "kind", "state", "opened_by", "opened_at", "number"),
        *("lead_unit", "co_units", "closed_by", "closed_at"),
    )
    kind = CaseKind(row.kind)
    return {column: getattr(row, column) for column in columns} | {
        "kind_name": CHINESE[kind],
        "state_name": CHINESE_STATES[CaseState(row.state)],
        "source": PAPERS[kind].source,
    }
