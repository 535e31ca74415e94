"""What is done to articles. Nothing here commits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.knowledge.index import Publication, forget_terms, index_articles
from services.knowledge.models import Article, ArticleVersion
from services.knowledge.rules import (
    TRANSITIONS,
    ArticleAct,
    ArticleState,
    allowed_acts,
)
from shared import outbox
from shared.database import Connection, connection_of
from shared.events.envelope import Event, Payload
from shared.events.knowledge import ArticlePublished, ArticleRetired
from shared.jurisdictions import covers
from shared.problems import ActRefused, NotAllowed, NotFound, field_error
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import current_traceparent

COUNT_USES = """UPDATE articles SET answered = articles.answered + used.answered,
    solved = articles.solved + used.solved
FROM unnest($1::uuid[], $2::int[], $3::int[]) AS used (id, answered, solved)
WHERE articles.id = used.id"""
KEEP_UNITS = """INSERT INTO units (code, name, is_active)
SELECT * FROM unnest($1::text[], $2::text[], $3::bool[])
ON CONFLICT (code) DO UPDATE SET name = excluded.name, is_active = excluded.is_active"""


class ArticleActRefused(ActRefused):
    """The article's state does not allow this act."""

    code = "article_act_refused"
    detail = "文章当前状态不允许此操作。"


@dataclass(frozen=True, slots=True)
class Text:
    """The words of an article, and until when they hold."""

    title: str
    body: str
    expires_at: datetime | None = None


async def create_article(
    session: AsyncSession,
    runtime: Runtime,
    caller: Principal,
    *,
    owner: tuple[str, str],
    text: Text,
) -> Article:
    """A draft of `owner`, a jurisdiction and a unit (ZY 16). Raises `NotAllowed`."""
    jurisdiction, unit = owner
    if caller.is_of_unit and unit != caller.unit:
        raise NotAllowed("只能撰写本单位的文章。")
    if not covers(caller.jurisdiction, jurisdiction):
        raise NotAllowed("只能撰写本地区的文章。")
    article = Article(
        id=uuid7(),
        jurisdiction=jurisdiction,
        unit=unit,
        title=text.title,
        body=text.body,
        expires_at=text.expires_at,
        state=ArticleState.DRAFT,
        version=0,
        version_latest=0,
        sequence=0,
        words="",
        length=0,
        answered=0,
        solved=0,
    )
    session.add(article)
    await session.flush()
    await _write_version(session, runtime, article, text=text, written_by=caller.subject)
    return article


async def revise_article(
    session: AsyncSession, runtime: Runtime, caller: Principal, article_id: UUID, *, text: Text
) -> Article:
    """Write the next version; what is published goes on answering until that is published too."""
    article = await _lock(session, caller, article_id)
    _check(article, ArticleAct.REVISE)
    article.state = TRANSITIONS[ArticleState(article.state)][ArticleAct.REVISE]
    await _write_version(session, runtime, article, text=text, written_by=caller.subject)
    if article.state == ArticleState.DRAFT:
        article.title, article.body, article.expires_at = text.title, text.body, text.expires_at
    return article


async def publish_article(
    session: AsyncSession,
    runtime: Runtime,
    caller: Principal,
    article_id: UUID,
    *,
    version_read: int | None,
) -> Article:
    """Let the newest version answer (ZY 16-18). Says article.published.

    Raises `ArticleActRefused` where it answers already, or where `version_read` is not the newest;
    `Malformed` where the version has expired.
    """
    article = await _lock(session, caller, article_id)
    _check(article, ArticleAct.PUBLISH)
    if version_read is not None and version_read != article.version_latest:
        raise ArticleActRefused(f"文章已有更新的第 {article.version_latest} 版，请阅后再发布。")
    written = await session.get_one(ArticleVersion, (article.id, article.version_latest))
    now = await runtime.clock.now(session)
    if written.expires_at is not None and written.expires_at <= now:
        raise field_error("expires_at", "expired", "有效期已过，请修订有效期后再发布")
    article.title, article.body, article.expires_at = (
        written.title,
        written.body,
        written.expires_at,
    )
    article.state = TRANSITIONS[ArticleState(article.state)][ArticleAct.PUBLISH]
    article.version = written.version
    article.sequence += 1
    written.published_by, written.published_at = caller.subject, now
    await session.flush()
    connection = await connection_of(session)
    await index_articles(connection, [Publication(article.id, article.title, article.body)])
    data = ArticlePublished(
        jurisdiction=article.jurisdiction,
        unit=article.unit,
        title=article.title,
        body=article.body,
        version=article.version,
        expires_at=article.expires_at,
    )
    event = article_event(runtime.source, article.id, article.sequence, time=now, data=data)
    await outbox.add(session, event)
    return article


async def retire_article(
    session: AsyncSession, runtime: Runtime, caller: Principal, article_id: UUID, *, reason: str
) -> Article:
    """Let an article answer no more. Says article.retired."""
    article = await _lock(session, caller, article_id)
    _check(article, ArticleAct.RETIRE)
    now = await runtime.clock.now(session)
    article.state = TRANSITIONS[ArticleState(article.state)][ArticleAct.RETIRE]
    article.sequence += 1
    await session.flush()
    await forget_terms(await connection_of(session), [article.id])
    data = ArticleRetired(jurisdiction=article.jurisdiction, reason=reason)
    event = article_event(runtime.source, article.id, article.sequence, time=now, data=data)
    await outbox.add(session, event)
    return article


async def count_uses(connection: Connection, uses: Sequence[tuple[UUID, bool]]) -> None:
    """Count which articles answered, and whether the matter was solved (ZY 12)."""
    answered = Counter(article_id for article_id, _ in uses)
    solved = Counter(article_id for article_id, is_solved in uses if is_solved)
    ids = sorted(answered)
    await connection.execute(
        COUNT_USES,
        ids,
        [answered[article_id] for article_id in ids],
        [solved[article_id] for article_id in ids],
    )


async def keep_units(connection: Connection, units: Sequence[tuple[str, str, bool]]) -> None:
    """Keep units by code, with name and whether they are active."""
    await connection.execute(KEEP_UNITS, *map(list, zip(*units, strict=True)))


def article_event(
    source: str, article_id: UUID, sequence: int, *, time: datetime, data: Payload
) -> Event[Payload]:
    """What is said of an article, in the trace at hand."""
    return Event(
        source=source,
        subject=str(article_id),
        sequence=sequence,
        time=time,
        data=data,
        traceparent=current_traceparent(),
    )


async def _lock(session: AsyncSession, caller: Principal, article_id: UUID) -> Article:
    """The article with its row locked. Raises `NotFound` where it is not the caller's own."""
    article = (
        await session.execute(select(Article).where(Article.id == article_id).with_for_update())
    ).scalar_one_or_none()
    if article is None or not caller.sees(article.jurisdiction, article.unit):
        raise NotFound
    return article


def _check(article: Article, act: ArticleAct) -> None:
    allowed = allowed_acts(
        ArticleState(article.state), has_newer_version=article.version_latest > article.version
    )
    if act not in allowed:
        raise ArticleActRefused(allowed=allowed)


async def _write_version(
    session: AsyncSession, runtime: Runtime, article: Article, *, text: Text, written_by: str
) -> None:
    article.version_latest += 1
    session.add(
        ArticleVersion(
            article_id=article.id,
            version=article.version_latest,
            title=text.title,
            body=text.body,
            expires_at=text.expires_at,
            written_by=written_by,
            written_at=await runtime.clock.now(session),
        )
    )
    await session.flush()
