"""Bodies of requests, plain ASGI: read whole, given again, or watched while they are passed on."""

import asyncio
from typing import Protocol

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.overload import BodyTooSlow
from shared.problems import Problem


class Watched(Protocol):
    """A body that is passed on piece by piece, and may turn out to be no good.

    Then who reads it sees its sender leave, and `problem` says why.
    """

    @property
    def problem(self) -> Problem | None: ...

    async def __call__(self) -> Message: ...


class Flowing:
    """A body whose every piece must come in time."""

    def __init__(self, receive: Receive, *, seconds_max: float) -> None:
        self._receive = receive
        self._seconds_max = seconds_max
        self._is_whole = False
        self.problem: BodyTooSlow | None = None

    async def __call__(self) -> Message:
        """The next message."""
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._seconds_max):
                message = await self._receive()
        except TimeoutError:
            self.problem = BodyTooSlow()
            return {"type": "http.disconnect"}
        self._is_whole = not message.get("more_body", False)
        return message


async def read_body(receive: Receive, limit: int) -> list[Message] | None:
    """All that comes of a body, none where it passes the limit.

    Raises `ClientDisconnect` where its sender leaves: half a body is never taken for a whole one.
    """
    messages, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        messages.append(message)
        size += len(message.get("body", b""))
        if size > limit:
            return None
        more = message.get("more_body", False)
    return messages


def again(messages: list[Message], receive: Receive) -> Receive:
    """Messages that were read, given once more, and then what comes after them."""
    waiting = iter(messages)

    async def receive_again() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return receive_again


async def answer_watched(app: ASGIApp, scope: Scope, body: Watched, send: Send) -> None:
    """Let an app answer; where its body turns out to be no good, that is the answer."""
    has_begun = False

    async def send_unless_wrong(message: Message) -> None:
        nonlocal has_begun
        if has_begun or body.problem is None:
            has_begun = True
            await send(message)

    try:
        await app(scope, body, send_unless_wrong)
    except ClientDisconnect:
        if body.problem is None:
            raise
    if body.problem is not None and not has_begun:
        await body.problem.response()(scope, body, send)
