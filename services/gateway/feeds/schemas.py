"""What a unit's system reads."""

from typing import Any, Self
from uuid import UUID

import orjson
from asyncpg import Record
from pydantic import BaseModel, Field

from shared.answers import BeijingTime, Input
from shared.events.callers import TicketHandedOver
from shared.events.dispatch import TicketDispatched, TicketReopened
from shared.events.intake import TicketAmended
from shared.events.loop import TicketConcluded, TicketCoUnitsChosen
from shared.pages import read_cursor, write_cursor
from shared.problems import field_error

WAIT_SECONDS_MAX = 25
WITH_WORDS = (
    *(TicketDispatched.type, TicketCoUnitsChosen.type, TicketAmended.type),
    *(TicketHandedOver.type, TicketConcluded.type, TicketReopened.type),
)


class FeedQuery(Input):
    """读取派单动态的条件。"""

    after: str | None = Field(None, description="上次答复中的 cursor；不填则从最早保留的一条开始")
    limit: int = Field(100, ge=1, le=200, description="最多条数")
    wait: int = Field(
        0, ge=0, le=WAIT_SECONDS_MAX, description="没有新内容时最多等候的秒数（长轮询）"
    )

    def after_position(self) -> int:
        """The position in the cursor. Raises `Malformed`."""
        return position_of(self.after, field="after")


class FeedItem(BaseModel):
    """一条动态：与本单位工单有关的一件事。"""

    id: str = Field(description="本条编号，重复收到时据此去重", examples=["1042"])
    event: str = Field(description="事件名", examples=["ticket.dispatched"])
    ticket_id: UUID
    at: BeijingTime
    is_yours: bool = Field(description="工单现在是否仍由本单位主办或协办")
    data: dict[str, Any] = Field(description="事件内容，见事件说明；工单已清除时为空")
    ticket: dict[str, Any] | None = Field(
        description="工单内容：只随派单、转紧急热线、补充更正、重新办理给出，且工单须仍在本单位；诉求人信息不在其中"
    )

    @classmethod
    def of(cls, row: Record) -> Self:
        """The item that a row gives."""
        is_yours = bool(row["is_yours"])
        has_words = is_yours and row["event"] in WITH_WORDS and row["words"] is not None
        return cls(
            id=str(row["position"]),
            event=row["event"],
            ticket_id=row["ticket_id"],
            at=row["at"],
            is_yours=is_yours,
            data=orjson.loads(row["data"]),
            ticket=orjson.loads(row["words"]) if has_words else None,
        )


class Feed(BaseModel):
    """派单动态；下次以 cursor 为 after 继续读取，不重不漏。"""

    items: list[FeedItem]
    cursor: str | None

    @classmethod
    def of(cls, rows: list[Record], after: int) -> Self:
        """The page that rows give; the cursor stays where it was where there are none."""
        last = rows[-1]["position"] if rows else after
        return cls(items=[FeedItem.of(row) for row in rows], cursor=cursor_of(last))


def cursor_of(position: int) -> str | None:
    """The cursor after a position."""
    return write_cursor(position) if position else None


def position_of(cursor: str | None, *, field: str) -> int:
    """The position in a cursor, 0 for none. Raises `Malformed`."""
    key = read_cursor(cursor, parts=1)
    if key is None:
        return 0
    if not isinstance(key[0], int) or not 0 <= key[0] < 2**63:
        raise field_error(field, "bad_cursor", "游标无效，请从头重新读取")
    return key[0]
