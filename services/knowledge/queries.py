"""What is read of articles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.knowledge.access import OWNERS
from services.knowledge.models import Article, ArticleVersion, Unit
from services.knowledge.rules import (
    ArticleState,
    Corpus,
    choose_wanted,
    excerpt,
    outer_jurisdictions,
    question_terms,
    rarity,
    score,
)
from shared.database import Connection
from shared.jurisdictions import covers, prefix
from shared.places import lies_in
from shared.security import Principal

CANDIDATE_ROWS_MAX = 2_000
HITS_MAX = 60
EXCERPT_LENGTH_MAX = 160
FREQUENCIES = "SELECT term, documents FROM terms WHERE term = ANY($1) AND documents > 0"
CORPUS = "SELECT documents, length FROM corpus"
# Each lookup reads the GIN index alone; a term that is in too many articles is cut off.
CANDIDATES = """SELECT found.id
FROM unnest($1::text[], $2::float8[]) AS wanted (query, weight)
CROSS JOIN LATERAL (
    SELECT a.id FROM articles a
    WHERE a.terms @@ wanted.query::tsquery
    AND (a.expires_at IS NULL OR a.expires_at > coalesce($3::timestamptz, now()))
    AND (a.jurisdiction = ANY($4) OR starts_with(a.jurisdiction, $5))
    AND (a.jurisdiction = ANY($6) OR starts_with(a.jurisdiction, $7))
    LIMIT $8) found
GROUP BY found.id ORDER BY sum(wanted.weight) DESC, found.id LIMIT $9"""
WORDS = "SELECT id, title, words, length FROM articles WHERE id = ANY($1)"
HITS = """SELECT a.id, a.jurisdiction, a.unit, u.name AS unit_name, a.title, a.body, a.state,
    a.version, a.expires_at
FROM articles a LEFT JOIN units u ON u.code = a.unit WHERE a.id = ANY($1)"""


@dataclass(frozen=True, slots=True)
class Hit:
    """An article in a list, with the part of its body that speaks of the question."""

    id: UUID
    jurisdiction: str
    unit: str
    unit_name: str | None
    title: str
    excerpt: str
    state: str
    version: int
    expires_at: datetime | None
    score: float | None = None


async def search_articles(
    connection: Connection,
    question: str,
    *,
    places: tuple[str, str],
    page: tuple[int, int],
    now: datetime | None,
) -> tuple[list[Hit], int]:
    """The published articles that answer a question best, and how many there are.

    The best come first, at most `HITS_MAX`; of them `page`, from a place to another. They hold for
    both `places`: in each they lie within it, or it lies within theirs.
    """
    terms = question_terms(question)
    if not terms:
        return [], 0
    corpus = await _find_corpus(connection)
    frequencies = {
        row["term"]: row["documents"] for row in await connection.fetch(FREQUENCIES, terms)
    }
    rarities = {term: rarity(count, corpus.documents) for term, count in frequencies.items()}
    wanted = [
        (_tsquery(one.terms), one.weight)
        for one in choose_wanted(frequencies, corpus.documents, rows_max=CANDIDATE_ROWS_MAX)
    ]
    if not wanted and len(terms) == 1 and len(terms[0]) == 1:
        wanted = [(f"'{terms[0]}':*", 1.0)]
        rarities = {terms[0]: 1.0}
    if not wanted:
        return [], 0
    found = await connection.fetch(
        CANDIDATES,
        [query for query, _ in wanted],
        [weight for _, weight in wanted],
        now,
        *_scope(places[0]),
        *_scope(places[1]),
        CANDIDATE_ROWS_MAX,
        HITS_MAX,
    )
    rows = await connection.fetch(WORDS, [row["id"] for row in found])
    scores = {row["id"]: _score(row, rarities, corpus) for row in rows}
    ranked = sorted(scores, key=lambda article_id: (-scores[article_id], article_id))
    chosen = ranked[page[0] : page[1]]
    shown = {row["id"]: row for row in await connection.fetch(HITS, chosen)}
    hits = [_hit(shown[one], scores[one], list(rarities)) for one in chosen if one in shown]
    return hits, len(ranked)


async def list_articles(
    session: AsyncSession,
    caller: Principal,
    *,
    place: str,
    state: ArticleState,
    page: tuple[UUID | None, int, datetime | None],
) -> list[Hit]:
    """Articles without a question, newest first: after an id, at most so many, at a time."""
    after, limit, now = page
    chosen = (
        select(Article, Unit.name)
        .outerjoin(Unit, Unit.code == Article.unit)
        .where(Article.state == state, _within_or_around(place))
        .order_by(Article.id.desc())
        .limit(limit)
    )
    if after is not None:
        chosen = chosen.where(Article.id < after)
    if state is ArticleState.PUBLISHED:
        moment = func.now() if now is None else now
        chosen = chosen.where(
            _within_or_around(caller.jurisdiction),
            or_(Article.expires_at.is_(None), Article.expires_at > moment),
        )
    else:
        chosen = chosen.where(_is_own(caller))
    return [
        _listed(article, unit_name) for article, unit_name in (await session.execute(chosen)).all()
    ]


async def find_article(
    session: AsyncSession, caller: Principal, article_id: UUID
) -> Article | None:
    """An article, where it is published in the caller's place, or where it is their own."""
    article = await session.get(Article, article_id)
    if article is None:
        return None
    is_own = caller.role in OWNERS and caller.sees(article.jurisdiction, article.unit)
    is_near = covers(caller.jurisdiction, article.jurisdiction) or covers(
        article.jurisdiction, caller.jurisdiction
    )
    is_open = article.state == ArticleState.PUBLISHED and is_near
    return article if is_own or is_open else None


async def find_unit_name(session: AsyncSession, unit: str) -> str | None:
    """The name of a unit, none where dispatch has not said it."""
    return await session.scalar(select(Unit.name).where(Unit.code == unit))


async def list_versions(session: AsyncSession, article_id: UUID) -> Sequence[ArticleVersion]:
    """All versions of an article, the first one first."""
    versions = await session.scalars(
        select(ArticleVersion)
        .where(ArticleVersion.article_id == article_id)
        .order_by(ArticleVersion.version)
    )
    return versions.all()


async def _find_corpus(connection: Connection) -> Corpus:
    row = await connection.fetchrow(CORPUS)
    assert row is not None, "the migration makes the row"
    return Corpus(row["documents"], row["length"] / max(row["documents"], 1))


def _tsquery(terms: Sequence[str]) -> str:
    return " & ".join(f"'{term}'" for term in terms)


def _scope(place: str) -> tuple[list[str], str]:
    return outer_jurisdictions(place), prefix(place)


def _within_or_around(place: str) -> ColumnElement[bool]:
    codes, digits = _scope(place)
    return or_(Article.jurisdiction.in_(codes), Article.jurisdiction.startswith(digits))


def _is_own(caller: Principal) -> ColumnElement[bool]:
    within = lies_in(Article.jurisdiction, caller.jurisdiction)
    return and_(within, Article.unit == caller.unit) if caller.is_of_unit else within


def _score(row: asyncpg.Record, rarities: dict[str, float], corpus: Corpus) -> float:
    return score(row["title"], row["words"], length=row["length"], rarities=rarities, corpus=corpus)


def _hit(row: asyncpg.Record, answer: float, terms: Sequence[str]) -> Hit:
    words: dict[str, Any] = dict(row)
    part = excerpt(words.pop("body"), terms, length_max=EXCERPT_LENGTH_MAX)
    return Hit(**words, excerpt=part, score=round(answer, 4))


def _listed(article: Article, unit_name: str | None) -> Hit:
    return Hit(
        id=article.id,
        jurisdiction=article.jurisdiction,
        unit=article.unit,
        unit_name=unit_name,
        title=article.title,
        excerpt=article.body[:EXCERPT_LENGTH_MAX],
        state=article.state,
        version=article.version,
        expires_at=article.expires_at,
    )
