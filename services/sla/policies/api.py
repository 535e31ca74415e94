"""Policy packs: publish, list, show."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.policies.operations import publish_policies
from services.sla.policies.queries import find_published_at
from services.sla.policies.rules import File, midnight
from services.sla.policies.schemas import PolicyShown, PublishFile, show_pack, wrong_file
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.jurisdictions import CODE_PATTERN, covers
from shared.pages import Page, read_cursor, write_cursor
from shared.policy.errors import PolicyFileError
from shared.problems import (
    KeyReused,
    Malformed,
    NotAllowed,
    StillRunning,
    TooLarge,
    Unauthenticated,
)
from shared.runtime import Runtime
from shared.security import Caller, Principal
from shared.service import runtime_of

WRITE_PROBLEMS = (Malformed, Unauthenticated, NotAllowed, StillRunning, KeyReused, TooLarge)
POLICIES_SHOWN_MAX = 200

router = APIRouter(prefix="/v1/policies", tags=["policies"])


@router.post(
    "",
    status_code=201,
    response_model=PolicyShown,
    responses=problems_of(*WRITE_PROBLEMS),
)
async def publish_policy(body: PublishFile, request: Request, caller: Caller) -> Response:
    """发布政策包 (C1). 文件有误则整体拒绝，逐条指出；相同内容再次发布答 200。"""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        try:
            (published,) = await publish_policies(
                session, runtime, [File(body.file, body.text)], by=caller.subject
            )
        except PolicyFileError as error:
            raise wrong_file(error) from error
        require_place(runtime, caller, published.pack.code)
        shown = PolicyShown.of(published.pack, {published.hash: published.published_at})
        return Answer(shown, status=201 if published.is_new else 200)

    return await run_act(runtime, request, caller, operation)


@router.get("", responses=problems_of(Malformed, Unauthenticated))
async def list_policies(
    request: Request,
    _: Caller,
    after: Annotated[str | None, Query(description="上一页的 next")] = None,
    limit: Annotated[int, Query(ge=1, le=POLICIES_SHOWN_MAX)] = POLICIES_SHOWN_MAX,
) -> Page[PolicyShown]:
    """全部政策包的全部版本，按行政区划代码，同一地区先发布的在前。"""
    runtime = runtime_of(request)
    key = read_cursor(after, parts=2)
    async with runtime.database.sessions() as session:
        law = await runtime.law_book.read_in(session)
        published = await find_published_at(session)
    every = [
        (code, place, pack)
        for code in sorted(law.versions)
        for place, pack in enumerate(law.versions[code])
    ]
    if key is not None:
        last = (str(key[0]), key[1] if isinstance(key[1], int) else 0)
        every = [one for one in every if (one[0], one[1]) > last]
    items = [PolicyShown.of(pack, published) for _, _, pack in every[:limit]]
    rest = write_cursor(*every[limit - 1][:2]) if len(every) > limit else None
    return Page(items=items, next=rest)


@router.get("/{code}", responses=problems_of(Malformed, Unauthenticated))
async def show_policy(
    code: Annotated[str, Path(pattern=CODE_PATTERN)],
    request: Request,
    _: Caller,
    at: Annotated[
        date | None, Query(description="哪一天；默认今天", examples=["2026-10-01"])
    ] = None,
) -> dict[str, Any]:
    """某地某日适用的政策包，含继承而来的内容；没有自己的则为最近的上级的。"""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session:
        law = await runtime.law_book.read_in(session)
        moment = await runtime.clock.now(session) if at is None else midnight(at)
    return show_pack(law.in_force(code, moment))


def require_place(runtime: Runtime, caller: Principal, jurisdiction: str) -> None:
    """The platform's administrator publishes for all, a place's own for it and those below."""
    is_platforms = covers(caller.jurisdiction, runtime.settings.platform)
    if not is_platforms and not covers(caller.jurisdiction, jurisdiction):
        raise NotAllowed(f"您只能发布 {caller.jurisdiction} 范围内的内容。")
