"""Lines of a request as messages: what can be read, and what is wrong with the others."""

import asyncio
from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from pydantic import ValidationError

from services.gateway.exchange.operations import Arrived
from services.gateway.exchange.rules import (
    OF_TICKETS,
    REFUSALS,
    Verdict,
    poison_in,
    unsayable_in,
)
from shared.exchange import LineAnswer, LineStatus, Message, canonical, digest_of
from shared.problems import (
    FieldError,
    Malformed,
    Problem,
    ProblemBody,
    field_error,
    field_errors,
)

BREATH_LINES = 200
"""After so many lines other requests of this process have their turn."""


class Correspondents(NamedTuple):
    """Who signed, and the codes under which this platform is written to."""

    sender: str
    ours: Collection[str]


async def read_lines(
    lines: list[bytes], who: Correspondents
) -> tuple[dict[int, Arrived], dict[int, LineAnswer]]:
    """The messages by their line, from 1 on, and the answers to lines that are none."""
    arrived, refused = dict[int, Arrived](), dict[int, LineAnswer]()
    for place, line in enumerate(lines, start=1):
        if place % BREATH_LINES == 0:
            await asyncio.sleep(0)
        if not line.strip():
            continue
        body: Any = None
        try:
            body = _parse(line)
            arrived[place] = read_message(body, who)
        except Problem as problem:
            refused[place] = refusal(place, _id_in(body), problem)
    return arrived, refused


def read_message(body: dict[str, Any], who: Correspondents) -> Arrived:
    """One message off the wire. Raises `Malformed`."""
    try:
        message = Message.model_validate(body)
    except ValidationError as error:
        raise Malformed(errors=field_errors(error.errors())) from error
    if message.from_platform != who.sender:
        raise field_error("from", "not_the_sender", "须为签名的平台")
    if message.to_platform not in who.ours:
        raise field_error("to", "not_here", "本平台不代收该平台的消息")
    if message.kind in OF_TICKETS and not _is_uuid(message.subject):
        raise field_error("subject", "uuid_parsing", "工单类消息的 subject 须为工单的 UUID")
    if "\0" in message.subject:
        raise field_error("subject", "unsayable", "不得含空字符（U+0000）")
    try:
        written = canonical(body["payload"])
    except ValueError as error:
        raise field_error("payload", "not_canonical", "有 RFC 8785 不能表示的数") from error
    payload = written.decode()
    poison = unsayable_in(payload) or poison_in(message.kind, message.payload)
    return Arrived(message, payload, digest_of(message.id, written), poison)


def answer_of(place: int, one: Arrived, verdict: Verdict) -> LineAnswer:
    """What a line is answered."""
    problem = None
    if verdict.status is LineStatus.REFUSED and verdict.code is not None:
        field, words = REFUSALS[verdict.code]
        problem = field_error(field, verdict.code, words)
    elif verdict.status is LineStatus.SET_ASIDE:
        # Its words are in a list of errors, never in a title: they name a field of the payload.
        problem = Malformed(
            "消息已接收，内容无法使用，待人工处理。",
            errors=[FieldError(field="payload", code="set_aside", message=verdict.code or "")],
        )
    return LineAnswer(
        line=place,
        id=one.message.id,
        status=verdict.status,
        expected=verdict.expected,
        problem=None if problem is None else ProblemBody.model_validate(problem.body()),
    )


def refusal(place: int, message_id: UUID | None, problem: Problem) -> LineAnswer:
    """The answer to a line that is no message for us."""
    return LineAnswer(
        line=place,
        id=message_id,
        status=LineStatus.REFUSED,
        problem=ProblemBody.model_validate(problem.body()),
    )


def _parse(line: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise field_error("body", "json_invalid", "不是有效的 JSON") from error
    if not isinstance(body, dict):
        raise field_error("body", "model_type", "应为 JSON 对象")
    return body


def _id_in(body: object) -> UUID | None:
    given = body.get("id") if isinstance(body, dict) else None
    return UUID(given) if isinstance(given, str) and _is_uuid(given) else None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
