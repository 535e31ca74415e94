"""One act, one transaction, one answer: a call that comes again gets the first answer again."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import orjson
from fastapi import Request, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.problems import KeyReused, StillRunning, field_error
from shared.runtime import Runtime

HEADER = "Idempotency-Key"
KEY_LENGTH_MAX = 200
LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 2))")
FIND = text("""SELECT body_hash, status, headers, answer FROM kept_answers
WHERE caller = :caller AND path = :path AND key = :key""")
KEEP = text("""INSERT INTO kept_answers (caller, path, key, body_hash, status, headers, answer)
VALUES (:caller, :path, :key, :body_hash, :status, :headers, :answer)""")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an act answers."""

    body: BaseModel
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Somebody(Protocol):
    """Who calls: somebody with a token, or a caller who was let in by a query code."""

    @property
    def subject(self) -> str: ...


Operation = Callable[[AsyncSession], Awaitable[Answer]]


def read_key(request: Request) -> str | None:
    """The Idempotency-Key of a call. Raises `Malformed` where it is too long or empty."""
    key = request.headers.get(HEADER)
    if key is not None and not 0 < len(key) <= KEY_LENGTH_MAX:
        raise field_error(HEADER, "key_length", f"应为 1 至 {KEY_LENGTH_MAX} 个字符")
    return key


def hash_body(body: bytes) -> bytes:
    """What tells one body from another."""
    return hashlib.sha256(body).digest()


async def run_act(
    runtime: Runtime,
    request: Request,
    principal: Somebody,
    operation: Operation,
    *,
    body_hash: bytes | None = None,
) -> Response:
    """Run an operation in one transaction and answer after its commit.

    With an Idempotency-Key the answer is kept in the same transaction, for the caller and path.
    `body_hash` is given where the body was streamed and cannot be read again.
    Raises `StillRunning`, `KeyReused`, or the operation's own problems; then nothing is changed.
    """
    key = read_key(request)
    async with runtime.database.sessions() as session, session.begin():
        if key is None:
            return _respond(await operation(session))
        kept = {"caller": principal.subject, "path": request.url.path, "key": key}
        body_hash = body_hash or hash_body(await request.body())
        name = "\n".join(kept.values())
        if not (await session.execute(LOCK, {"name": name})).scalar_one():
            raise StillRunning
        first = (await session.execute(FIND, kept)).one_or_none()
        if first is not None:
            if bytes(first.body_hash) != body_hash:
                raise KeyReused
            return answer_again(first.status, first.headers, first.answer)
        response = _respond(await operation(session))
        headers = {
            name: value
            for name, value in response.headers.items()
            if name not in ("content-length", "content-type")
        }
        await session.execute(
            KEEP,
            kept
            | {
                "body_hash": body_hash,
                "status": response.status_code,
                "headers": orjson.dumps(headers).decode(),
                "answer": bytes(response.body),
            },
        )
        return response


def answer_again(status: int, headers: str, answer: bytes) -> Response:
    """A kept answer, as it was given first."""
    return Response(
        bytes(answer),
        status_code=status,
        media_type="application/json",
        headers=orjson.loads(headers) if headers else {},
    )


def _respond(answer: Answer) -> Response:
    return Response(
        answer.body.model_dump_json(),
        status_code=answer.status,
        media_type="application/json",
        headers=answer.headers,
    )
