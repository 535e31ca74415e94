"""The messages that platforms send each other: one envelope, published as a specification.

What is told of a ticket is told in the words of this platform's own events, whose schemas are
published and only grow; the sender numbers its messages to one receiver without a gap for each
subject, so that a loss and a disorder show (F1, F3).
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
import rfc8785
from pydantic import BaseModel, ConfigDict, Field

from shared.events.envelope import Payload
from shared.moments import Moment
from shared.problem_body import ProblemBody

MESSAGES_PATH = "/v1/exchange/messages"
RECONCILIATION_PATH = "/v1/exchange/reconciliation"
ATTACHMENTS_PATH = "/v1/exchange/attachments"
SHA256_PATTERN = r"^[0-9a-f]{64}$"
NDJSON = "application/x-ndjson"
PLATFORM_PATTERN = r"^[0-9A-Za-z]{2,24}$"
"""GB/T 2260 codes, and codes that an operator registered for zones and subcenters."""


class Kind(StrEnum):
    """What a message is about; days are reconciled by kind."""

    TICKET = "ticket"
    ACT = "act"
    RESULT = "result"
    RATING = "rating"
    CALL = "call"
    ARTICLE = "article"
    ORDER = "order"
    DIRECTORY = "directory"
    FORWARD = "forward"


class Told(BaseModel):
    """消息内容：类型，以及该类型的数据."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Annotated[str, Field(min_length=1, max_length=100, examples=["ticket.signed"])]
    data: dict[str, Any]


EXAMPLE_ID = "019f3a70-0001-7000-8000-000000000001"
EXAMPLE_DIGEST = "b5d641a60b2229be799e5a55fe7cfa575deec027120cc1bb830ebc1925ff4982"
MESSAGE_EXAMPLE: dict[str, Any] = {
    "specversion": "1.0",
    "id": EXAMPLE_ID,
    "from": "512000",
    "to": "510000",
    "subject": "019f3a52-7c1e-7b40-9d11-5f0c2e6a8b01",
    "sequence": 2,
    "time": "2026-09-29T17:02:40+08:00",
    "kind": "act",
    "payload": {
        "type": "ticket.signed",
        "data": {"unit": "512002007", "signed_by": "YJ0203"},
    },
}
ANSWER_EXAMPLES: list[dict[str, Any]] = [
    {"line": 1, "id": EXAMPLE_ID, "status": "accepted"},
    {"line": 2, "id": EXAMPLE_ID, "status": "out_of_order", "expected": 4},
    {
        "line": 3,
        "id": None,
        "status": "refused",
        "problem": {
            "type": "urn:12345:problem:malformed",
            "title": "The request does not have the form that is asked for.",
            "status": 422,
            "detail": "请求内容有误，请按 errors 中的提示修改后重新提交。",
            "code": "malformed",
            "errors": [{"field": "body", "code": "json_invalid", "message": "不是有效的 JSON"}],
        },
    },
]
RECONCILIATION_EXAMPLES: list[dict[str, Any]] = [
    {
        "day": "2026-09-29",
        "tallies": [{"kind": "act", "hour": None, "count": 1, "digest": EXAMPLE_DIGEST}],
        "marks": [],
    },
    {
        "day": "2026-09-29",
        "kind": "act",
        "hour": 9,
        "tallies": [],
        "marks": [{"id": EXAMPLE_ID, "digest": EXAMPLE_DIGEST}],
    },
]


class Message(BaseModel):
    """一条平台之间的消息."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        json_schema_extra={"examples": [MESSAGE_EXAMPLE]},
    )

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    from_platform: Annotated[str, Field(alias="from", pattern=PLATFORM_PATTERN)]
    to_platform: Annotated[str, Field(alias="to", pattern=PLATFORM_PATTERN)]
    subject: Annotated[str, Field(min_length=1, max_length=100)]
    sequence: Annotated[int, Field(ge=1, lt=2**31, strict=True)]
    time: Moment
    kind: Kind
    payload: Told


RESULTS = frozenset(
    {
        *("ticket.replied", "ticket.closed", "ticket.terminated", "ticket.withdrawn"),
        *("ticket.declined", "ticket.concluded"),
    }
)
RATINGS = frozenset(
    {
        "ticket.followed_up",
        "ticket.rated",
        "ticket.screening_requested",
        "ticket.screened",
        "ticket.rating_disputed",
        "ticket.rating_dispute_answered",
    }
)


def kind_of(payload: type[Payload], *, is_filed: bool) -> Kind:
    """The kind under which an event goes to other platforms; `is_filed`: it carries a request."""
    if is_filed:
        return Kind.TICKET
    if payload.type in RESULTS:
        return Kind.RESULT
    if payload.type in RATINGS:
        return Kind.RATING
    by_topic = {
        "calls": Kind.CALL,
        "knowledge": Kind.ARTICLE,
        "oversight": Kind.ORDER,
        "directory": Kind.DIRECTORY,
    }
    return by_topic.get(payload.topic, Kind.ACT)


class LineStatus(StrEnum):
    """What became of one message."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    SET_ASIDE = "set_aside"
    REFUSED = "refused"


STATUS_CHINESE = {
    LineStatus.ACCEPTED: "已接收",
    LineStatus.DUPLICATE: "此前已接收，不再计入",
    LineStatus.OUT_OF_ORDER: "序号不连续，请自 expected 起重发",
    LineStatus.SET_ASIDE: "已接收，内容无法识别，待人工处理",
    LineStatus.REFUSED: "不予接收，原因见 problem",
}
TAKEN = frozenset({LineStatus.ACCEPTED, LineStatus.DUPLICATE, LineStatus.SET_ASIDE})
"""With these the receiver has the message, and the sender need not keep it waiting."""


class LineAnswer(BaseModel):
    """一条消息的接收结果；成批提交时每行一个，行号从 1 起."""

    model_config = ConfigDict(json_schema_extra={"examples": list(ANSWER_EXAMPLES)})

    line: int
    id: Annotated[UUID | None, Field(description="消息编号；该行无法识别时为空")] = None
    status: Annotated[
        LineStatus,
        Field(description="；".join(f"{one} {name}" for one, name in STATUS_CHINESE.items())),
    ]
    expected: Annotated[
        int | None, Field(description="序号不连续时，接收方等待的序号；请从它起重发")
    ] = None
    problem: Annotated[ProblemBody | None, Field(description="不予接收、搁置的原因")] = None


class Tally(BaseModel):
    """某类消息一天或一小时的条数和摘要."""

    kind: Kind
    hour: Annotated[int | None, Field(ge=0, le=23, description="UTC 小时；按天时为空")] = None
    count: int
    digest: Annotated[
        str, Field(description="各条摘要按 256 位无符号整数求和、溢出舍去，64 位十六进制")
    ]


class Mark(BaseModel):
    """一条消息的编号和摘要."""

    id: UUID
    digest: str


class Reconciliation(BaseModel):
    """对账：收到的消息，按消息的 time 归入 UTC 日期."""

    model_config = ConfigDict(json_schema_extra={"examples": list(RECONCILIATION_EXAMPLES)})

    day: date
    kind: Kind | None = None
    hour: int | None = None
    tallies: list[Tally] = []
    marks: Annotated[list[Mark], Field(description="同时指定 kind 和 hour 时，逐条列出")] = []


# RFC 8785 has its own way with whole numbers that carry a fraction, exponents, very large numbers,
# and keys beyond the first plane; all else it writes as orjson does, which takes a fiftieth of the
# time.
_UNLIKE = re.compile(rb"[:\[,]-?[0-9.]+[eE]|\.0[,\]}]|[:\[,]-?[0-9]{16}|[\xf0-\xf4]")


def canonical(payload: dict[str, Any]) -> bytes:
    """A payload as RFC 8785 writes it: what two platforms compare. Raises `ValueError`."""
    written = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    return rfc8785.dumps(payload) if _UNLIKE.search(written) else written


def digest_of(message_id: UUID, payload: bytes) -> bytes:
    """A message's digest: SHA-256 of its id's 16 bytes and the SHA-256 of its canonical payload."""
    return hashlib.sha256(message_id.bytes + hashlib.sha256(payload).digest()).digest()


def sum_of(digests: Iterable[bytes]) -> str:
    """The digest of many messages in whatever order: their sum modulo 2^256, as 64 hex digits."""
    total = sum(int.from_bytes(digest) for digest in digests)
    return f"{total % 2**256:064x}"
