"""What people ask of similarity, and see."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.dispatch.repeats.models import MasterOffer
from services.dispatch.repeats.offered import Offer as FoundOffer
from services.dispatch.repeats.queries import Asked, Found, Match
from services.dispatch.repeats.rows import Like
from services.dispatch.repeats.rules import OUTCOMES, RepeatOutcome, outcome_of
from services.dispatch.schemas import Jurisdiction, Words
from shared.answers import BeijingTime, Input
from shared.events.chinese import CHINESE
from shared.events.words import State
from shared.pages import PageQuery

TITLE_LENGTH_MAX = 500
CONTENT_LENGTH_MAX = 20_000


class Where(Input):
    """事发地点。"""

    address: str | None = Field(None, max_length=300, description="地址")
    division: Jurisdiction | None = Field(None, description="行政区划代码")
    longitude: float | None = Field(None, ge=-180, le=180, description="经度")
    latitude: float | None = Field(None, ge=-90, le=90, description="纬度")


class SearchRepeats(Input):
    """诉求人正在说的事：已记下多少就查多少。"""

    jurisdiction: Jurisdiction = Field(description="行政区划代码", examples=["512021"])
    title: str = Field("", max_length=TITLE_LENGTH_MAX, description="标题", examples=["停水三天"])
    content: str = Field(
        "",
        max_length=CONTENT_LENGTH_MAX,
        description="诉求内容",
        examples=["幸福小区停水三天，无人处理。"],
    )
    place: Where | None = Field(None, description="事发地点")
    caller_id: UUID | None = Field(None, description="诉求人内部编号；不填则只查他人的同一事项")
    limit: int = Field(5, ge=1, le=20, description="每类最多几件")

    def asked(self) -> Asked:
        """The question."""
        place = self.place.model_dump(exclude_none=True) if self.place else None
        return Asked(
            *(self.jurisdiction, self.title, self.content, place, self.caller_id, self.limit)
        )


class AlikeTicket(BaseModel):
    """一件相似的工单。"""

    id: UUID
    number: str
    title: str
    state: State
    state_name: str
    unit: str | None
    filed_at: BeijingTime
    main: UUID | None = Field(description="已并入的主工单")

    @classmethod
    def of(cls, one: Like) -> Self:
        """The ticket as people see it in a list."""
        return cls.model_validate(_ticket(one))


class OthersTicket(AlikeTicket):
    """他人的同一事项，及相似的依据。"""

    score: float = Field(ge=0, le=1, description="相似程度，0 至 1")
    words: list[str] = Field(description="相同的字词，最能说明问题的在前")
    places: list[str] = Field(description="相同的地点")

    @classmethod
    def matched(cls, match: Match) -> Self:
        """The match as people see it."""
        return cls.model_validate(_ticket(match.ticket) | _grounds(match))


class OwnTicket(OthersTicket):
    """同一诉求人的同一事项；及按重复诉求登记时如何处理 (ZY 13.5(4)、15)。"""

    reply: str | None = Field(description="最近一次答复的办理结果")
    script: str | None = Field(description="终结件登记的答复口径")
    outcome: RepeatOutcome = Field(description="按此工单的重复诉求登记（repeats）时如何处理")
    outcome_name: str

    @classmethod
    def matched(cls, match: Match) -> Self:
        """The match as people see it."""
        ticket = match.ticket
        outcome = outcome_of(ticket.state, ticket.request_type, has_script=bool(match.script))
        return cls.model_validate(
            _ticket(ticket)
            | _grounds(match)
            | {"reply": match.reply, "script": match.script}
            | {"outcome": outcome, "outcome_name": OUTCOMES[outcome]}
        )


class Repeats(BaseModel):
    """像这件事的工单。"""

    same_caller: list[OwnTicket] = Field(description="该诉求人的同一事项")
    same_matter: list[OthersTicket] = Field(description="他人尚未答复的同一事项")

    @classmethod
    def of(cls, found: Found) -> Self:
        """Both lists as people see them."""
        return cls(
            same_caller=[OwnTicket.matched(one) for one in found.same_caller],
            same_matter=[OthersTicket.matched(one) for one in found.same_matter],
        )


class TicketRepeats(BaseModel):
    """一件工单与同一诉求人其他工单的关系；只含提问者有权看的。"""

    ticket_id: UUID
    repeats: UUID | None = Field(description="登记时指明的原工单")
    found: OwnTicket | None = Field(description="系统比对出的、该诉求人更早的同一事项")
    asked_again: list[AlikeTicket] = Field(description="该诉求人此后就同一事项提出的工单")
    offer: UUID | None = Field(description="所在的合并建议")


class Offer(BaseModel):
    """合并建议：多人反映、看来是同一件事的工单。由人决定是否并入主工单。"""

    id: UUID
    jurisdiction: str = Field(description="包含全部工单的最小行政区划")
    offered_at: BeijingTime
    main: UUID | None = Field(description="其中部分工单已并入的主工单；为空则可选一件为主工单")
    tickets_count: int = Field(description="可并入的工单数")
    callers_count: int = Field(description="这些工单的诉求人数")
    last_day_count: int = Field(description="其中最近 24 小时提出的")
    words: list[str] = Field(description="共同的字词")
    places: list[str] = Field(description="共同的地点")
    tickets: list[AlikeTicket] = Field(description="最新的 20 件")
    dismissed_because: str | None = Field(description="人数较少时曾不予采纳的理由")

    @classmethod
    def of(cls, offer: FoundOffer) -> Self:
        """The offer as people see it."""
        return cls(
            id=offer.id,
            jurisdiction=offer.jurisdiction,
            offered_at=offer.offered_at,
            main=offer.main,
            tickets_count=offer.waiting,
            callers_count=offer.callers,
            last_day_count=offer.grown,
            words=offer.grounds.words,
            places=offer.grounds.places,
            tickets=[AlikeTicket.of(one) for one in offer.tickets],
            dismissed_because=offer.dismissed_because,
        )


class OfferQuery(PageQuery):
    """合并建议的查询条件。"""

    jurisdiction: Jurisdiction | None = Field(None, description="行政区划代码，含下级")
    limit: int = Field(20, ge=1, le=50, description="每页条数")


class DismissOffer(Input):
    """不予采纳合并建议。"""

    reason: Annotated[Words, StringConstraints(max_length=1_000)] = Field(
        description="理由", examples=["两个小区，不是同一件事"]
    )


class DismissedOffer(BaseModel):
    """已不予采纳的合并建议；诉求人增加一倍时会再次提出。"""

    id: UUID
    dismissed_at: BeijingTime
    dismissed_by: str
    reason: str

    @classmethod
    def of(cls, row: MasterOffer) -> Self:
        """The offer as people see it."""
        return cls.model_validate(
            {
                "id": row.id,
                "dismissed_at": row.dismissed_at,
                "dismissed_by": row.dismissed_by,
                "reason": row.dismissed_because,
            }
        )


def _ticket(one: Like) -> dict[str, Any]:
    names = ("id", "number", "title", "state", "unit", "filed_at", "main")
    return {name: getattr(one, name) for name in names} | {"state_name": CHINESE[one.state]}


def _grounds(match: Match) -> dict[str, Any]:
    return {"score": round(match.score, 3)} | match.grounds._asdict()
