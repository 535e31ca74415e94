"""Many requests in one body: a line each, an answer for each line, one transaction."""

from collections.abc import Mapping

import orjson
from fastapi import Request, Response

from services.intake.directory import Directory
from services.intake.filing.batch import file_batch
from services.intake.filing.filer import again_where_crossed
from services.intake.filing.requests import Filed, Filing, Key
from services.intake.filing.statements import FIND_KEPT, KEEP
from services.intake.forms import filing_of, parse_request
from services.intake.identity import Vault
from services.intake.schemas import BulkLine
from shared.database import Connection
from shared.exchange import NDJSON
from shared.idempotency import hash_body, read_key
from shared.problems import KeyReused, Problem, TooLarge
from shared.runtime import Runtime
from shared.security import Principal


async def answer_lines(
    runtime: Runtime, vault: Vault, directory: Directory, request: Request, caller: Principal
) -> Response:
    """File the lines of a body and answer each. Raises `TooLarge`, `KeyReused`."""
    await vault.ready()
    body = await request.body()
    lines = body.split(b"\n")
    if len(lines) > runtime.settings.bulk_lines_max + 1:
        raise TooLarge(f"一次最多 {runtime.settings.bulk_lines_max} 行。")
    filings: dict[int, Filing] = {}
    refused: dict[int, Filed | Problem] = {}
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            filings[place] = await filing_of(directory, caller, parse_request(line), None)
        except Problem as problem:
            refused[place] = problem
    key = read_key(request)
    kept = None if key is None else Key(caller.subject, request.url.path, key, hash_body(body))

    async def work() -> bytes:
        async with runtime.database.pool.acquire() as connection, connection.transaction():
            return await answer_in(connection)

    async def answer_in(connection: Connection) -> bytes:
        first = None if kept is None else await _first_answer(connection, kept)
        if first is not None:
            return first
        results = refused | await _file_rounds(connection, runtime, vault, filings)
        answer = b"".join(_line(place, results[place]) for place in sorted(results))
        if kept is not None:
            columns = ([kept.caller], [kept.path], [kept.key], [kept.body_hash])
            await connection.execute(KEEP, *columns, [200], ["{}"], [answer])
        return answer

    return Response(await again_where_crossed(work), media_type=NDJSON)


async def _first_answer(connection: Connection, key: Key) -> bytes | None:
    row = await connection.fetchrow(FIND_KEPT, [key.caller], [key.path], [key.key])
    if row is None:
        return None
    if row["body_hash"] != key.body_hash:
        raise KeyReused
    answer: bytes = row["answer"]
    return answer


async def _file_rounds(
    connection: Connection, runtime: Runtime, vault: Vault, filings: Mapping[int, Filing]
) -> dict[int, Filed | Problem]:
    """Lines of one claim go one round after the other: the later one finds the earlier's ticket."""
    results: dict[int, Filed | Problem] = {}
    for round_ in _rounds(filings):
        filed = await file_batch(
            connection,
            [filings[place] for place in round_],
            source=runtime.source,
            vault=vault,
            law_book=runtime.law_book,
            now=runtime.clock.stepped,
        )
        results |= dict(zip(round_, filed, strict=True))
    return results


def _rounds(filings: Mapping[int, Filing]) -> list[list[int]]:
    rounds: list[list[int]] = []
    depths: dict[tuple[str, ...], int] = {}
    for place, filing in filings.items():
        claims = filing.claims()
        depth = max((depths.get(claim, 0) for claim in claims), default=0)
        depths |= dict.fromkeys(claims, depth + 1)
        if depth == len(rounds):
            rounds.append([])
        rounds[depth].append(place)
    return rounds


def _line(place: int, result: Filed | Problem) -> bytes:
    if isinstance(result, Filed):
        answer = BulkLine(line=place, status=result.status, id=orjson.loads(result.body)["id"])
    else:
        answer = BulkLine(line=place, status=result.status, problem=result.body())
    return answer.model_dump_json(exclude_none=True).encode() + b"\n"
