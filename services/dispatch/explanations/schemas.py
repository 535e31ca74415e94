"""What is asked and answered of why a ticket goes to a unit."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.dispatch.directory.rules import Question
from services.dispatch.directory.schemas import Category, DutyRule
from services.dispatch.explanations.queries import Explained
from services.dispatch.explanations.rules import Considered
from services.dispatch.schemas import Jurisdiction
from services.dispatch.suggestions.schemas import TicketSuggestion
from shared.answers import Input
from shared.events.chinese import CHINESE
from shared.events.words import RequestType, State
from shared.problems import field_error


class Explain(Input):
    """问：这样的诉求派给谁；或者一件工单派给谁。"""

    ticket_id: UUID | None = Field(None, description="工单；填了就不填其他各项")
    jurisdiction: Jurisdiction | None = Field(None, examples=["512021"])
    category: Category | None = Field(None, examples=["0102"])
    request_type: RequestType | None = None

    def question(self) -> Question:
        """What is asked without a ticket. Raises `Malformed`."""
        if self.jurisdiction is None:
            raise field_error("jurisdiction", "missing", "未填工单时须填行政区划代码")
        if self.request_type is None:
            raise field_error("request_type", "missing", "未填工单时须填诉求类型")
        return Question(self.jurisdiction, self.category, self.request_type)


class Candidate(BaseModel):
    """一条相符的规则及其理由。"""

    rule: DutyRule
    unit_name: str
    why: str
    left_out: str | None = Field(description="不起作用的原因；起作用的为空")


class TicketFacts(BaseModel):
    """所问的工单现在的情形。"""

    id: UUID
    number: str
    state: State
    state_name: str
    unit: str | None
    handled_in: str | None
    about_unit: str | None
    returned_by: list[str] = Field(description="退回过它的单位")
    rule: str | None = Field(description="最近一次派单所依规则；由人派单时为空")
    dispatched_by: str | None = Field(description="最近一次由何人派单；system 为系统")
    reason: str | None = Field(description="由人派单的理由")
    suggestion: TicketSuggestion | None

    @classmethod
    def of(cls, found: Explained) -> Self:
        """The ticket as it is explained."""
        ticket, last, suggestion = found.ticket, found.last, found.suggestion
        return cls(
            id=ticket.id,
            number=ticket.number,
            state=ticket.state,
            state_name=CHINESE[ticket.state],
            unit=ticket.unit,
            handled_in=ticket.handled_in,
            about_unit=ticket.about_unit,
            returned_by=found.returned,
            rule=None if last is None else last.rule,
            dispatched_by=None if last is None else last.by,
            reason=None if last is None else last.text,
            suggestion=None if suggestion is None else TicketSuggestion.of(suggestion, {}),
        )


class Explanation(BaseModel):
    """答：由哪条规则派给哪个单位，为什么。"""

    rule: DutyRule | None = Field(description="起作用的规则；为空则待人工派单")
    unit: str | None
    unit_name: str | None
    why: str
    candidates: list[Candidate] = Field(description="所有相符的规则，按先后次序")
    ticket: TicketFacts | None = Field(description="所问的工单；未问工单时为空")

    @classmethod
    def of(cls, considered: list[Considered], ticket: TicketFacts | None = None) -> Self:
        """The explanation that the fitting rules give."""
        candidates = [
            Candidate(
                rule=DutyRule.of(one.duty),
                unit_name=one.duty.unit_name,
                why=one.why,
                left_out=one.left_out,
            )
            for one in considered
        ]
        [*decided] = (one for one in considered if one.decides)
        if not decided:
            told = "相符的规则都不起作用，待人工派单" if candidates else "没有相符的规则"
            return cls(
                rule=None, unit=None, unit_name=None, why=told, candidates=candidates, ticket=ticket
            )
        duty = decided[0].duty
        return cls(
            rule=DutyRule.of(duty),
            unit=duty.unit,
            unit_name=duty.unit_name,
            why=decided[0].why,
            candidates=candidates,
            ticket=ticket,
        )
