"""The index that articles are found by: their terms, and how many articles have each."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.knowledge.rules import normal, text_terms
from shared.database import Connection

# The lock lasts until the commit, so that two publications never wait for each other's terms.
LOCK = "SELECT FROM corpus FOR UPDATE"
COUNT = """WITH counted AS (
    SELECT term, count(*) AS documents
    FROM articles, unnest(tsvector_to_array(articles.terms)) AS term
    WHERE articles.id = ANY($1) GROUP BY term)
INSERT INTO terms AS t (term, documents) SELECT term, $2 * documents FROM counted
ON CONFLICT (term) DO UPDATE SET documents = t.documents + excluded.documents"""
MEASURE = """UPDATE corpus SET documents = corpus.documents + $2 * changed.documents,
    length = corpus.length + $2 * changed.length
FROM (SELECT count(*) AS documents, coalesce(sum(length), 0) AS length FROM articles
    WHERE id = ANY($1) AND terms IS NOT NULL) changed"""
SET_TERMS = """UPDATE articles SET words = given.words, length = given.length,
    terms = array_to_tsvector(string_to_array(given.terms, ' '))
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[]) AS given (id, words, terms, length)
WHERE articles.id = given.id"""
CLEAR_TERMS = "UPDATE articles SET terms = NULL WHERE id = ANY($1)"


@dataclass(frozen=True, slots=True)
class Publication:
    """The words by which an article is found from now on."""

    id: UUID
    title: str
    body: str


async def index_articles(connection: Connection, publications: Sequence[Publication]) -> None:
    """Let articles be found by these words and no others. Their rows are locked already."""
    ids = [publication.id for publication in publications]
    words = [normal(f"{one.title}\n{one.body}") for one in publications]
    terms = [text_terms(some) for some in words]
    await connection.execute(LOCK)
    await _count(connection, ids, -1)
    await connection.execute(
        SET_TERMS,
        ids,
        words,
        [" ".join(set(some)) for some in terms],
        [len(some) for some in terms],
    )
    await _count(connection, ids, 1)


async def forget_terms(connection: Connection, ids: Sequence[UUID]) -> None:
    """Let articles be found no more. Their rows are locked already."""
    await connection.execute(LOCK)
    await _count(connection, ids, -1)
    await connection.execute(CLEAR_TERMS, ids)


async def _count(connection: Connection, ids: Sequence[UUID], step: int) -> None:
    await connection.execute(COUNT, ids, step)
    await connection.execute(MEASURE, ids, step)
