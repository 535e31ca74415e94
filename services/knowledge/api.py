"""Knowledge over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.knowledge import operations, queries, schemas
from services.knowledge.access import OWNERS
from services.knowledge.models import Article
from services.knowledge.operations import Text
from services.knowledge.rules import ArticleState, allowed_acts
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.pages import Page, read_cursor, write_cursor
from shared.problems import (
    ActRefused,
    Malformed,
    NotAllowed,
    NotFound,
    TooLarge,
    Unauthenticated,
    field_error,
)
from shared.reading import reading, reading_directly
from shared.runtime import Runtime
from shared.security import Caller, Principal
from shared.service import runtime_of

PROBLEMS = problems_of(Malformed, Unauthenticated, NotAllowed, NotFound, ActRefused, TooLarge)
router = APIRouter(prefix="/v1/articles", tags=["articles"], responses=PROBLEMS)


@router.get("", response_model=Page[schemas.HitOut])
async def search(
    asked: Annotated[schemas.Search, Query()], request: Request, caller: Caller
) -> Page[schemas.HitOut]:
    """检索知识库 (D2): with `q` the best answers first, without it the newest articles first.

    An article of an outer place answers for all places within it.
    """
    runtime = runtime_of(request)
    if asked.q is None:
        return await _list(runtime, caller, asked)
    if asked.state is not ArticleState.PUBLISHED:
        raise field_error("state", "published_only", "按提问检索时只查已发布的文章")
    key = read_cursor(asked.after, parts=1) or [0]
    if not isinstance(key[0], int) or not 0 <= key[0] <= queries.HITS_MAX:
        raise field_error("after", "bad_cursor", "游标无效，请从第一页重新读取")
    places = (caller.jurisdiction, asked.jurisdiction or caller.jurisdiction)
    end = key[0] + asked.limit
    async with reading_directly(runtime, caller) as connection:
        hits, count = await queries.search_articles(
            connection, asked.q, places=places, page=(key[0], end), now=runtime.clock.stepped
        )
    return Page(
        items=[_hit_out(hit) for hit in hits], next=write_cursor(end) if end < count else None
    )


@router.post("", status_code=201, response_model=schemas.ArticleOut)
async def create(body: schemas.CreateArticle, request: Request, caller: Caller) -> Response:
    """撰写文章 (D1, ZY 16). A unit writes its own articles alone."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        article = await operations.create_article(
            session,
            runtime,
            caller,
            owner=(body.jurisdiction, body.unit),
            text=Text(body.title, body.body, body.expires_at),
        )
        return Answer(await _article_out(session, runtime, caller, article), status=201)

    return await run_act(runtime, request, caller, operation)


@router.get("/{article_id}", response_model=schemas.ArticleOut)
async def read(article_id: UUID, request: Request, caller: Caller) -> schemas.ArticleOut:
    """查看文章."""
    runtime = runtime_of(request)
    async with reading(runtime, caller) as session:
        found = await queries.find_article(session, caller, article_id)
        if found is None:
            raise NotFound
        return await _article_out(session, runtime, caller, found)


@router.get("/{article_id}/versions", response_model=list[schemas.VersionOut])
async def read_versions(
    article_id: UUID, request: Request, caller: Caller
) -> list[schemas.VersionOut]:
    """查看文章的所有版本 (D1): for those whose article it is."""
    async with reading(runtime_of(request), caller) as session:
        found = await queries.find_article(session, caller, article_id)
        if found is None or not caller.sees(found.jurisdiction, found.unit):
            raise NotFound
        versions = await queries.list_versions(session, article_id)
        return [
            schemas.VersionOut.model_validate(version, from_attributes=True) for version in versions
        ]


@router.post("/{article_id}/revise", response_model=schemas.ArticleOut)
async def revise(
    article_id: UUID, body: schemas.ReviseArticle, request: Request, caller: Caller
) -> Response:
    """修订文章 (D1): the next version; the published one answers until that is published."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        text = Text(body.title, body.body, body.expires_at)
        article = await operations.revise_article(session, runtime, caller, article_id, text=text)
        return Answer(await _article_out(session, runtime, caller, article))

    return await run_act(runtime, request, caller, operation)


@router.post("/{article_id}/publish", response_model=schemas.ArticleOut)
async def publish(
    article_id: UUID, request: Request, caller: Caller, body: schemas.PublishArticle | None = None
) -> Response:
    """发布最新一版 (D1, ZY 16-18). Says article.published."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        article = await operations.publish_article(
            session,
            runtime,
            caller,
            article_id,
            version_read=body.version if body else None,
        )
        return Answer(await _article_out(session, runtime, caller, article))

    return await run_act(runtime, request, caller, operation)


@router.post("/{article_id}/retire", response_model=schemas.ArticleOut)
async def retire(
    article_id: UUID, body: schemas.RetireArticle, request: Request, caller: Caller
) -> Response:
    """停用文章 (D1). Says article.retired."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        article = await operations.retire_article(
            session, runtime, caller, article_id, reason=body.reason
        )
        return Answer(await _article_out(session, runtime, caller, article))

    return await run_act(runtime, request, caller, operation)


async def _list(runtime: Runtime, caller: Principal, asked: schemas.Search) -> Page[schemas.HitOut]:
    if asked.state is not ArticleState.PUBLISHED and caller.role not in OWNERS:
        raise NotAllowed(allowed=[str(role) for role in OWNERS])
    async with reading(runtime, caller) as session:
        hits = await queries.list_articles(
            session,
            caller,
            place=asked.jurisdiction or caller.jurisdiction,
            state=asked.state,
            page=(_read_id(asked.after), asked.limit + 1, runtime.clock.stepped),
        )
    items = [_hit_out(hit) for hit in hits[: asked.limit]]
    return Page(
        items=items, next=write_cursor(str(items[-1].id)) if len(hits) > asked.limit else None
    )


def _read_id(cursor: str | None) -> UUID | None:
    key = read_cursor(cursor, parts=1)
    if key is None:
        return None
    try:
        return UUID(str(key[0]))
    except ValueError as error:
        raise field_error("after", "bad_cursor", "游标无效，请从第一页重新读取") from error


def _hit_out(hit: queries.Hit) -> schemas.HitOut:
    return schemas.HitOut.model_validate(hit, from_attributes=True)


async def _article_out(
    session: AsyncSession, runtime: Runtime, caller: Principal, article: Article
) -> schemas.ArticleOut:
    """The article as this caller sees it: what they may do to it depends on their role."""
    is_own = caller.role in OWNERS and caller.sees(article.jurisdiction, article.unit)
    allowed = allowed_acts(
        ArticleState(article.state), has_newer_version=article.version_latest > article.version
    )
    now = await runtime.clock.now(session)
    shown = {
        name: getattr(article, name)
        for name in schemas.ArticleOut.model_fields
        if hasattr(article, name)
    }
    return schemas.ArticleOut(
        **shown,
        unit_name=await queries.find_unit_name(session, article.unit),
        is_expired=article.expires_at is not None and article.expires_at <= now,
        allowed=allowed if is_own else [],
    )
