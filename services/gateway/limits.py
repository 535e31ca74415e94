"""How much the door takes: pace by client, role and address, calls at once, time (F8).

Each gateway process counts by itself: behind a balancer the platform takes as many times more as
there are processes. Health is never limited, and what was let in is answered.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.hops import FILE
from shared.events.words import Role
from shared.overload import AnswerTooSlow, HeadersTooLarge, Overloaded, TooManyRequests
from shared.problems import Problem
from shared.security import Principal
from shared.service import UNMEASURED, WITH_BODY, is_upload
from shared.settings import Settings
from shared.telemetry import CALLS_IN_FLIGHT, CALLS_REFUSED

FEEDS = "/v1/feeds/"
BURST_OF_ROLE = 2.0


class Pace(NamedTuple):
    """So many calls a second for long, and so many at once after a pause."""

    per_second: float
    burst: float


class Bucket(NamedTuple):
    """What a client may still do, as of a second of the process's own clock."""

    calls: float
    at: float


class Rates:
    """A token bucket for each client and each address."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._watched_max = settings.clients_watched_max
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._client = Pace(settings.client_rate_per_second, settings.client_burst)
        address = settings.address_rate_per_second
        self._address = Pace(address, max(1.0, BURST_OF_ROLE * address))
        self._roles = read_rates(settings.role_rates)

    def take(self, principal: Principal) -> None:
        """Count a call of somebody known. Raises `TooManyRequests`."""
        self._take(principal.subject, self._roles.get(principal.role, self._client))

    def take_address(self, address: str) -> None:
        """Count a call of an address, whoever it is. Raises `TooManyRequests`."""
        self._take(f"@{address}", self._address)

    def _take(self, key: str, pace: Pace) -> None:
        now = self._clock()
        calls, at = self._buckets.pop(key, Bucket(pace.burst, now))
        calls = min(pace.burst, calls + (now - at) * pace.per_second)
        is_let_in = calls >= 1.0
        self._buckets[key] = Bucket(calls - 1.0 if is_let_in else calls, now)
        if len(self._buckets) > self._watched_max:
            self._buckets.popitem(last=False)
        if not is_let_in:
            raise counted(TooManyRequests(math.ceil((1.0 - calls) / pace.per_second)))


class Limits:
    """The two stations of every call: `admit` before its body is read, `take_turn` after."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.rates = Rates(settings)
        self._turns = asyncio.Semaphore(settings.in_flight_max)
        self._here_max = settings.in_flight_max + settings.in_flight_queue_max
        self._here = 0
        self._long = 0

    def admit(self, app: ASGIApp) -> ASGIApp:
        """Refuse what is too much before anything of it is read."""

        async def admitted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] in UNMEASURED:
                await app(scope, receive, send)
                return
            try:
                self._check(scope)
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
            change = self._note_long if is_long(scope) else self._note_here
            change(1)
            try:
                await app(scope, receive, send)
            finally:
                change(-1)

        return admitted

    def take_turn(self, app: ASGIApp) -> ASGIApp:
        """Let so many calls work at once, each for so long; long ones are counted apart."""

        async def in_turn(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] in UNMEASURED or is_long(scope):
                await app(scope, receive, send)
                return
            if not await self._has_turn():
                await counted(Overloaded()).response()(scope, receive, send)
                return
            try:
                CALLS_IN_FLIGHT.inc()
                await self._answer(app, scope, receive, send)
            finally:
                CALLS_IN_FLIGHT.dec()
                self._turns.release()

        return in_turn

    async def _has_turn(self) -> bool:
        if not self._turns.locked():
            # The ordinary case waits for nobody, and needs no timer.
            return await self._turns.acquire()
        try:
            async with asyncio.timeout(self._settings.in_flight_wait_seconds_max):
                return await self._turns.acquire()
        except TimeoutError:
            return False

    async def _answer(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        timer = asyncio.timeout(self._settings.answer_seconds_max)

        async def send_begun(message: Message) -> None:
            if not timer.expired():
                timer.reschedule(None)
            await send(message)

        try:
            async with timer:
                await app(scope, receive, send_begun)
        except TimeoutError:
            if not timer.expired():
                raise
            await counted(AnswerTooSlow()).response()(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        settings, headers = self._settings, scope["headers"]
        size = sum(len(name) + len(value) for name, value in headers)
        if len(headers) > settings.headers_max or size > settings.header_bytes_max:
            raise counted(HeadersTooLarge())
        address, _ = scope.get("client") or ("", 0)
        self.rates.take_address(address)
        is_full = (
            self._long >= settings.long_calls_max
            if is_long(scope)
            else self._here >= self._here_max
        )
        if is_full:
            raise counted(Overloaded())

    def _note_here(self, change: int) -> None:
        self._here += change

    def _note_long(self, change: int) -> None:
        self._long += change


def is_long(scope: Scope) -> bool:
    """Whether a call takes its time by its nature: a long poll, or a file going in or out."""
    path, method = scope["path"], scope["method"]
    if method in WITH_BODY:
        return is_upload(path)
    return (path.startswith(FEEDS) and b"wait=" in scope["query_string"]) or bool(
        FILE.fullmatch(path)
    )


def read_rates(text: str) -> dict[Role, Pace]:
    """The paces that `role_rates` sets. Raises `ValueError` for an unknown role."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair]
    return {
        Role(role.strip()): Pace(float(rate), max(1.0, BURST_OF_ROLE * float(rate)))
        for role, _, rate in pairs
    }


def counted(problem: Problem) -> Problem:
    """The same problem, noted for the metrics."""
    CALLS_REFUSED.labels(problem.code).inc()
    return problem
