"""What people hand in and see of links."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.dispatch.links.queries import Relations
from services.dispatch.models import Ticket, TimelineEntry
from shared.answers import BeijingTime, Input
from shared.events.chinese import CHINESE
from shared.events.kinds import Link
from shared.events.words import State

LINKED_AT_ONCE_MAX = 500
Named = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
"""A ticket by its id or its number."""
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class LinkTicket(Input):
    """并入主工单：一次答复，答复所有诉求人 (A8)。"""

    main: Named = Field(
        description="主工单的编号（number）或 id", examples=["512000-260914-0000001"]
    )
    reason: Reason = Field(description="并入理由", examples=["同一片区同一次停水"])


class SplitTicket(Input):
    """拆出：不再随主工单答复，重新派单。"""

    reason: Reason = Field(description="拆出理由", examples=["经核实为户内水管破裂，与停水无关"])


class LinkMany(Input):
    """一次并入多件。"""

    tickets: Annotated[list[Named], Field(min_length=1, max_length=LINKED_AT_ONCE_MAX)] = Field(
        description="工单的编号（number）或 id"
    )
    reason: Reason = Field(description="并入理由", examples=["同一片区同一次停水"])


class LinkedItem(BaseModel):
    """一件工单并入的结果。"""

    ticket: str = Field(description="提交的编号或 id")
    id: UUID | None
    is_linked: bool
    problem: dict[str, Any] | None = Field(description="不能并入的原因")


class LinkedMany(BaseModel):
    """各件工单并入的结果，按提交的顺序。"""

    main: UUID
    number: str
    linked: int
    items: list[LinkedItem]


class Member(BaseModel):
    """随主工单的一件工单。"""

    id: UUID
    number: str
    title: str
    kind: Link
    kind_name: str
    state: State
    state_name: str
    linked_at: BeijingTime | None


class MasterCount(BaseModel):
    """随主工单的工单在一种状态的件数。"""

    kind: Link
    state: State
    state_name: str
    tickets: int


class Master(BaseModel):
    """一件主工单与随它的工单，最新的在前。"""

    id: UUID
    number: str
    state: State
    state_name: str
    unit: str | None
    counts: list[MasterCount]
    items: list[Member]
    next: str | None


class RelatedTicket(BaseModel):
    """另一件工单：编号、状态与最近一次答复。"""

    id: UUID
    number: str
    state: State
    state_name: str
    result: str | None = Field(description="最近一次答复的办理结果")
    replied_at: BeijingTime | None

    @classmethod
    def of(cls, row: Ticket | None, reply: TimelineEntry | None) -> Self | None:
        """A ticket as it is shown beside another."""
        if row is None:
            return None
        return cls(
            id=row.id,
            number=row.number,
            state=row.state,
            state_name=CHINESE[row.state],
            result=None if reply is None else reply.text,
            replied_at=None if reply is None else reply.at,
        )


class TicketLinks(BaseModel):
    """一件工单与其他工单的关系。"""

    main: RelatedTicket | None = Field(description="所随的主工单")
    kind: Link | None
    linked_at: BeijingTime | None
    linked: int = Field(description="随本工单、尚待答复的工单件数")
    repeats: RelatedTicket | None = Field(description="同一诉求人此前反映同一事项的工单")
    override: str | None = Field(description="终结件再次派单的特殊情况")

    @classmethod
    def of(cls, row: Ticket, relations: Relations) -> Self:
        """What goes with a ticket, and what it goes with."""
        replies = relations.replies
        main, repeats = relations.main, relations.repeats
        return cls(
            main=RelatedTicket.of(main, None if main is None else replies.get(main.id)),
            kind=row.link_kind,
            linked_at=row.linked_at,
            linked=relations.linked,
            repeats=RelatedTicket.of(repeats, None if repeats is None else replies.get(repeats.id)),
            override=row.override,
        )


def names_of(kind: Link, state: State) -> dict[str, str]:
    """The Chinese names that go with the words."""
    return {"kind_name": CHINESE[kind], "state_name": CHINESE[state]}
