"""Search over real policy texts and real questions (D2)."""

import csv
from pathlib import Path

import pytest

from services.knowledge.app import make_app
from services.knowledge.loading import Finished, publish_finished
from services.knowledge.operations import Text
from services.knowledge.queries import search_articles
from shared.events.words import Role, Service
from shared.runtime import Runtime
from tests.harness import Harness, token

DATA = Path(__file__).parents[3] / "shared" / "data"
FIRST_FLOOR = 0.80
FIRST_FIVE_FLOOR = 0.945


def read_rows(name: str) -> list[dict[str, str]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is absent: search is not measured")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def publish_all(runtime: Runtime, texts: list[dict[str, str]]) -> dict[str, str]:
    """Publish texts in one transaction; the ids of articles by those of the texts."""
    articles = [
        Finished("510000", "policy", Text(title=row["context"][:40], body=row["context"]))
        for row in texts
    ]
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        ids = await publish_finished(
            connection, runtime.source, articles, published_by="test", now=None
        )
    return {row["docid"]: str(article_id) for row, article_id in zip(texts, ids, strict=True)}


async def test_questions_find_the_policy_that_answers_them(harness: Harness) -> None:
    texts, questions = read_rows("policy_texts.csv"), read_rows("policy_questions.csv")
    runtime = await harness.runtime(Service.KNOWLEDGE)
    ids = await publish_all(runtime, texts)
    first = first_five = 0
    async with runtime.database.pool.acquire() as connection:
        for row in questions:
            hits, _ = await search_articles(
                connection, row["question"], places=("512000", "512000"), page=(0, 5), now=None
            )
            found = [str(hit.id) for hit in hits]
            first += found[:1] == [ids[row["docid"]]]
            first_five += ids[row["docid"]] in found
    print(f"R@1 {first / len(questions):.4f}  R@5 {first_five / len(questions):.4f}")
    assert first / len(questions) >= FIRST_FLOOR
    assert first_five / len(questions) >= FIRST_FIVE_FLOOR
    assert len(await harness.said(runtime)) == len(texts)


async def test_a_single_character_finds_what_begins_with_it(harness: Harness) -> None:
    runtime = await harness.runtime(Service.KNOWLEDGE)
    texts = [{"docid": "a", "context": "税务登记"}, {"docid": "b", "context": "停水通知"}]
    ids = await publish_all(runtime, texts)
    client = await harness.client(make_app(runtime), token(runtime.settings, Role.OPERATOR))
    hits = (await client.get("/v1/articles", params={"q": "税"})).json()["items"]
    assert [hit["id"] for hit in hits] == [ids["a"]]


async def test_a_question_without_words_finds_nothing(harness: Harness) -> None:
    runtime = await harness.runtime(Service.KNOWLEDGE)
    await publish_all(runtime, [{"docid": "a", "context": "税务登记"}])
    client = await harness.client(make_app(runtime), token(runtime.settings, Role.OPERATOR))
    for question in ("", "？！'&|", "从未出现"):
        answer = await client.get("/v1/articles", params={"q": question})
        assert (answer.status_code, answer.json()["items"]) == (200, [])
