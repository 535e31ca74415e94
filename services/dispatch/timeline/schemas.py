"""A ticket's timeline as people see it."""

from typing import Any, Self

from pydantic import BaseModel

from services.dispatch.models import TimelineEntry
from services.dispatch.timeline.rules import EVENT_NAMES
from shared.answers import BeijingTime


class TimelineItem(BaseModel):
    """发生过的一件事：何人、何时、依何规则、何内容。"""

    position: int
    event: str
    event_name: str
    at: BeijingTime
    round: int
    unit: str | None
    by: str | None
    rule: str | None
    text: str | None
    detail: dict[str, Any]

    @classmethod
    def of(cls, row: TimelineEntry) -> Self:
        """The entry as people see it."""
        return cls(
            position=row.position,
            event=row.event,
            event_name=EVENT_NAMES[row.event],
            at=row.at,
            round=row.round,
            unit=row.unit,
            by=row.by,
            rule=row.rule,
            text=row.text,
            detail=row.detail,
        )


class Timeline(BaseModel):
    """工单全程，最早的在前。"""

    items: list[TimelineItem]
