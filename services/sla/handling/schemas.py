"""The words and answers that acts on the handling time share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from services.sla.models import TicketDeadline
from shared.answers import Input, RunningDeadline
from shared.events.chinese import CHINESE
from shared.events.words import Step
from shared.moments import is_possible
from shared.pages import bad_cursor, read_cursor, write_cursor
from shared.policy.values import SLUG_PATTERN

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Ground = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, max_length=64)]
Jurisdiction = Annotated[str, StringConstraints(pattern=r"^(\d{6}|\d{9}|\d{12})$")]


class PageQuery(Input):
    """按申请时间排列的一页。"""

    jurisdiction: Jurisdiction | None = Field(None, description="行政区划代码，含下级")
    after: str | None = Field(None, description="上一页的 next")
    limit: int = Field(50, ge=1, le=200, description="每页条数")

    def after_key(self) -> tuple[datetime, UUID, int] | None:
        """The key in the cursor. Raises `Malformed`."""
        key = read_cursor(self.after, parts=3)
        if key is None:
            return None
        try:
            at, ticket_id, number = datetime.fromisoformat(str(key[0])), UUID(str(key[1])), key[2]
        except ValueError as error:
            raise bad_cursor() from error
        if not is_possible(at) or number not in range(2**31):
            raise bad_cursor()
        return at, ticket_id, int(number)


def cursor_of(asked_at: datetime, ticket_id: UUID, number: int) -> str:
    """The cursor that goes on after a row."""
    return write_cursor(asked_at.isoformat(), str(ticket_id), number)


def show_running(deadlines: Sequence[TicketDeadline]) -> list[RunningDeadline]:
    """Deadlines of the table as acts answer with them."""
    return [
        RunningDeadline(
            step=Step(one.step),
            step_name=CHINESE[Step(one.step)],
            due_at=one.due_at,
            rule=one.rule,
            source=one.source,
            provisional=one.provisional,
        )
        for one in deadlines
    ]
