"""What comes in and goes out of subscriptions over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.gateway.feeds.schemas import cursor_of
from services.gateway.subscriptions.models import Subscription as SubscriptionRow
from services.gateway.subscriptions.rules import CHINESE, SubscriptionState
from shared.answers import BeijingTime, Input

Secret = Annotated[str, StringConstraints(min_length=32, max_length=200)]


class Subscribe(Input):
    """订阅：把一个承办单位的派单动态推送到它的系统。"""

    unit: str = Field(description="承办单位代码", examples=["512000-water"], max_length=64)
    url: str = Field(
        description="接收地址", examples=["https://unit.example/hotline"], max_length=500
    )
    secret: Secret = Field(
        description="签名密钥，至少 32 个字符，由双方保存；平台加密保存，不再显示",
        examples=["0123456789abcdef0123456789abcdef"],
    )
    after: str | None = Field(None, description="从这个游标之后开始；不填则从最早保留的一条开始")


class Replay(Input):
    """重新推送。"""

    after: str | None = Field(None, description="从这个游标之后重推；不填则从中断处继续")


class Stop(Input):
    """停用订阅。"""


class Subscription(BaseModel):
    """一个订阅，以及推送到了哪里。"""

    id: UUID
    unit: str
    url: str
    state: SubscriptionState
    state_name: str
    cursor: str | None = Field(description="已送达的最后一条")
    attempts: int = Field(description="连续失败次数")
    last_error: str | None
    delivered_at: BeijingTime | None
    next_at: BeijingTime = Field(description="下次推送不早于此时")
    created_at: BeijingTime

    @classmethod
    def of(cls, row: SubscriptionRow) -> Self:
        """The subscription without its secret."""
        state = SubscriptionState(row.state)
        return cls(
            id=row.id,
            unit=row.unit,
            url=row.url,
            state=state,
            state_name=CHINESE[state],
            cursor=cursor_of(row.position),
            attempts=row.attempts,
            last_error=row.last_error,
            delivered_at=row.delivered_at,
            next_at=row.next_at,
            created_at=row.created_at,
        )
