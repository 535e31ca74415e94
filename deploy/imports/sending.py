"""Sends what a file says to the platform, in chunks, and hears for each line what became of it."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from deploy.imports.categories import Categories, Category
from deploy.imports.lines import Refusal, Row
from deploy.imports.mapping import UNIQUE, Plan, body_of
from shared.idempotency import HEADER as IDEMPOTENCY_KEY

BULK = "/v1/tickets/bulk"
CHUNK_LINES_MAX = 500
CHUNK_BYTES_MAX = 8_388_608
FAILED_LINES_MAX = 20
PASSING = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses that may be otherwise a moment later."""


class Unreachable(Exception):
    """The platform does not take the import; the message says what to do, in Chinese."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a chunk is sent whose answer was lost; the delay doubles each time."""

    attempts_max: int = 6
    delay_seconds: float = 0.5
    delay_seconds_max: float = 10.0


@dataclass(slots=True)
class Totals:
    """What became of the lines: each is counted once."""

    lines: int = 0
    filed: int = 0
    existing: int = 0
    refused: int = 0
    failed: int = 0
    """Of those refused: lines at which the platform itself broke."""


@dataclass(slots=True)
class Chunk:
    """Lines that go together; `refusals` are those that were wrong before they were sent."""

    lines: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    size_bytes: int = 0
    has_ids: bool = True
    """Whether the platform would know each of the lines again."""

    def is_full(self) -> bool:
        """Whether it should go; refused lines count too, they are held as well."""
        held = len(self.lines) + len(self.refusals)
        return held >= CHUNK_LINES_MAX or self.size_bytes >= CHUNK_BYTES_MAX

    def halves(self) -> list["Chunk"]:
        """The same lines in two chunks."""
        middle = len(self.lines) // 2
        return [
            Chunk(self.lines[half], self.bodies[half], has_ids=self.has_ids)
            for half in (slice(middle), slice(middle, None))
        ]


@dataclass
class Sender:
    """One import on its way."""

    client: httpx.AsyncClient
    plan: Plan
    patience: Patience
    totals: Totals = field(default_factory=Totals)
    _run: str = field(default_factory=lambda: secrets.token_hex(8))

    async def send(
        self,
        rows: Iterable[Row | Refusal],
        on_chunk: Callable[[Sequence[Refusal]], None],
    ) -> None:
        """File all rows; `on_chunk` hears after each chunk what was refused, in order of lines.

        Raises `Unreachable`; what was filed until then stays and is found again by its id.
        """
        for chunk in _chunks(self.plan, rows):
            self.totals.lines += len(chunk.lines) + len({one.line for one in chunk.refusals})
            refusals = chunk.refusals + await self._deliver(chunk)
            refusals.sort(key=lambda refusal: refusal.line)
            self.totals.refused += len({refusal.line for refusal in refusals})
            on_chunk(refusals)

    async def _deliver(self, chunk: Chunk) -> list[Refusal]:
        """Send a chunk; where the platform breaks at it, its halves, down to the guilty line."""
        if not chunk.lines:
            return []
        answers = await self._ask(chunk)
        if answers is not None:
            return [refusal for answer in answers for refusal in self._count(chunk, answer)]
        if len(chunk.lines) > 1:
            return [one for half in chunk.halves() for one in await self._deliver(half)]
        self.totals.failed += 1
        if self.totals.failed > FAILED_LINES_MAX:
            raise Unreachable(f"平台内部一再出错（第 {chunk.lines[0]} 行），请查看平台日志。")
        return [Refusal(chunk.lines[0], "", "internal_error", "平台处理此行时内部出错")]

    async def _ask(self, chunk: Chunk) -> list[dict[str, Any]] | None:
        """The answers to a chunk, none where the platform broke at it. Raises `Unreachable`."""
        body = b"\n".join(chunk.bodies)
        headers = {"Content-Type": "application/x-ndjson", IDEMPOTENCY_KEY: self._key(chunk, body)}
        delay_seconds, reason = self.patience.delay_seconds, ""
        for attempt in range(self.patience.attempts_max):
            if attempt:
                await asyncio.sleep(delay_seconds)
                delay_seconds = min(delay_seconds * 2, self.patience.delay_seconds_max)
            try:
                response = await self.client.post(BULK, content=body, headers=headers)
            except httpx.TransportError as error:
                reason = _why(error)
                continue
            if response.status_code == 500:
                return None
            if response.status_code in PASSING:
                reason = f"平台答复 {response.status_code}"
                continue
            _require_success(response)
            answers = _answers(response, len(chunk.lines))
            if answers is not None:
                return answers
            reason = "平台的答复不完整"
        raise Unreachable(
            f"第 {chunk.lines[0]} 至 {chunk.lines[-1]} 行发送 {self.patience.attempts_max} 次"
            f"没有成功（{reason}）。平台恢复后再运行同一命令即可。"
        )

    def _key(self, chunk: Chunk, body: bytes) -> str:
        """A chunk sent again gets its first answer.

        Lines without an id are known by this key alone, in a later run too; for others a later
        run must hear that they were there before.
        """
        run = self._run if chunk.has_ids else ""
        digest = hashlib.sha256(body).hexdigest()
        return f"import:{run}:{chunk.lines[0]}-{chunk.lines[-1]}:{digest}"

    def _count(self, chunk: Chunk, answer: dict[str, Any]) -> list[Refusal]:
        if answer["status"] == 201:
            self.totals.filed += 1
            return []
        if answer["status"] == 200:
            self.totals.existing += 1
            return []
        line, problem = chunk.lines[answer["line"] - 1], answer["problem"]
        return [
            Refusal(line, error["field"].removeprefix("history."), error["code"], error["message"])
            for error in problem["errors"]
        ] or [Refusal(line, "", problem["code"], problem["detail"])]


async def fetch_codes(client: httpx.AsyncClient) -> tuple[list[str], Categories]:
    """The jurisdictions and the taxonomy of the platform. Raises `Unreachable`."""
    try:
        places = await client.get("/v1/jurisdictions")
        categories = await client.get("/v1/categories")
    except httpx.TransportError as error:
        raise Unreachable(
            f"无法连接平台 {client.base_url}（{_why(error)}）。"
            "请先运行 hotline up，或用 --url 指明正在运行的网关。"
        ) from error
    for response in (places, categories):
        _require_success(response)
    try:
        return (
            [place["code"] for place in places.json()],
            Categories(
                Category(one["code"], one["name"], one["parent"]) for one in categories.json()
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Unreachable(f"{client.base_url} 不是 12345 平台的网关，请改正 --url。") from error


def _chunks(plan: Plan, rows: Iterable[Row | Refusal]) -> Iterator[Chunk]:
    chunk = Chunk()
    for row in rows:
        made = [row] if isinstance(row, Refusal) else body_of(plan, row)
        if isinstance(made, list):
            chunk.refusals += made
        else:
            body = orjson.dumps(made)
            chunk.lines.append(row.line)
            chunk.bodies.append(body)
            chunk.size_bytes += len(body)
            chunk.has_ids = chunk.has_ids and not made.keys().isdisjoint(UNIQUE)
        if chunk.is_full():
            yield chunk
            chunk = Chunk()
    yield chunk


def _answers(response: httpx.Response, count: int) -> list[dict[str, Any]] | None:
    """One answer a line, none where some are missing: then the answer was lost on its way."""
    try:
        answers = [orjson.loads(line) for line in response.content.splitlines()]
    except orjson.JSONDecodeError:
        return None
    return answers if [answer.get("line") for answer in answers] == [*range(1, count + 1)] else None


def _require_success(response: httpx.Response) -> None:
    if response.is_success:
        return
    if response.status_code == 401:
        raise Unreachable(
            "平台不认识这个令牌。请用 --token 或 HOTLINE_TOKEN 给出令牌，"
            "例如 hotline token --role operator --jurisdiction 512000 打印的。"
        )
    try:
        detail = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = "没有说明，请检查 --url 是否是 12345 平台的网关"
    raise Unreachable(f"平台拒绝导入（{response.status_code}）：{detail}")


def _why(error: httpx.TransportError) -> str:
    return "超时" if isinstance(error, httpx.TimeoutException) else str(error) or repr(error)
