"""Many articles at once, ready to answer: what an import and a measurement use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from services.knowledge.index import Publication, index_articles
from services.knowledge.operations import Text, article_event
from shared import outbox
from shared.database import Connection
from shared.events.knowledge import ArticlePublished

INSERT_ARTICLES = """INSERT INTO articles (id, jurisdiction, unit, title, body, state, version,
    version_latest, expires_at, sequence, words, length, answered, solved)
SELECT a.id, a.jurisdiction, a.unit, a.title, a.body, 'published', 1, 1, a.expires_at, 1, '', 0,
    0, 0
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
    AS a (id, jurisdiction, unit, title, body, expires_at)"""
INSERT_VERSIONS = """INSERT INTO article_versions (article_id, version, title, body, expires_at,
    written_by, written_at, published_by, published_at)
SELECT a.id, 1, a.title, a.body, a.expires_at, $5, $6, $5, $6
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
    AS a (id, title, body, expires_at)"""


@dataclass(frozen=True, slots=True)
class Finished:
    """An article that comes from elsewhere, ready to answer."""

    jurisdiction: str
    unit: str
    text: Text


async def publish_finished(
    connection: Connection,
    source: str,
    articles: Sequence[Finished],
    *,
    published_by: str,
    now: datetime | None,
) -> list[UUID]:
    """Publish many new articles in a few statements; their ids, in the order given."""
    ids = [uuid7() for _ in articles]
    titles = [article.text.title for article in articles]
    bodies = [article.text.body for article in articles]
    expire_at = [article.text.expires_at for article in articles]
    time = now or await connection.fetchval("SELECT clock_timestamp()")
    await connection.execute(
        INSERT_ARTICLES,
        ids,
        [article.jurisdiction for article in articles],
        [article.unit for article in articles],
        titles,
        bodies,
        expire_at,
    )
    await connection.execute(INSERT_VERSIONS, ids, titles, bodies, expire_at, published_by, time)
    await index_articles(
        connection,
        [Publication(*words) for words in zip(ids, titles, bodies, strict=True)],
    )
    events = [
        article_event(source, article_id, 1, time=time, data=_first_publication(article))
        for article_id, article in zip(ids, articles, strict=True)
    ]
    await outbox.add_many(connection, events)
    return ids


def _first_publication(article: Finished) -> ArticlePublished:
    return ArticlePublished(
        jurisdiction=article.jurisdiction,
        unit=article.unit,
        title=article.text.title,
        body=article.text.body,
        version=1,
        expires_at=article.text.expires_at,
    )
