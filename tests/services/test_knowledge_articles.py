"""Articles: written, published, revised, retired, and who sees them (D1, D4)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from services.knowledge.app import make_app
from services.knowledge.consumer import handlers
from shared.events.dispatch import UnitChanged
from shared.events.intake import TicketAnswered
from shared.events.knowledge import ArticlePublished, ArticleRetired
from shared.events.loop import TicketConcluded
from shared.events.words import Channel, RequestType, Role, Service, State
from shared.runtime import Runtime
from tests.harness import Harness, token

UNIT = "512000-rsj"
BODY = {"title": "社保卡丢失怎么补办", "body": "持身份证到任一社保经办窗口补办，当场领取。"}
DRAFT = {"jurisdiction": "512000", "unit": UNIT, **BODY}


@pytest.fixture
async def runtime(harness: Harness) -> Runtime:
    return await harness.runtime(Service.KNOWLEDGE)


async def enter(
    harness: Harness,
    runtime: Runtime,
    role: Role,
    *,
    jurisdiction: str = "512000",
    unit: str | None = None,
) -> httpx.AsyncClient:
    bearer = token(runtime.settings, role, jurisdiction=jurisdiction, unit=unit)
    return await harness.client(make_app(runtime), bearer)


async def published(editor: httpx.AsyncClient, **changes: str) -> str:
    draft = (await editor.post("/v1/articles", json=DRAFT | changes)).json()
    answer = await editor.post(f"/v1/articles/{draft['id']}/publish")
    assert answer.status_code == 200, answer.text
    article_id: str = draft["id"]
    return article_id


async def test_a_draft_answers_nobody_until_it_is_published(
    harness: Harness, runtime: Runtime
) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    operator = await enter(harness, runtime, Role.OPERATOR)
    answer = await editor.post("/v1/articles", json=DRAFT)
    assert answer.status_code == 201
    draft = answer.json()
    assert (draft["state"], draft["version"], draft["allowed"]) == (
        "draft",
        0,
        ["revise", "publish"],
    )
    path = f"/v1/articles/{draft['id']}"
    assert (await operator.get(path)).status_code == 404
    assert (await operator.get("/v1/articles", params={"q": "社保卡"})).json()["items"] == []

    assert (await editor.post(f"{path}/publish")).json()["version"] == 1
    assert (await operator.get(path)).json()["body"] == BODY["body"]
    hits = (await operator.get("/v1/articles", params={"q": "社保卡丢了"})).json()["items"]
    assert [hit["id"] for hit in hits] == [draft["id"]]


async def test_publishing_says_the_whole_article(harness: Harness, runtime: Runtime) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    article_id = await published(editor)
    (event,) = await harness.said(runtime)
    assert (event.subject, event.sequence, event.data.topic) == (article_id, 1, "knowledge")
    assert event.data == ArticlePublished(jurisdiction="512000", unit=UNIT, version=1, **BODY)


async def test_a_revision_answers_only_when_it_is_published_and_every_version_is_kept(
    harness: Harness, runtime: Runtime
) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    article_id = await published(editor)
    path = f"/v1/articles/{article_id}"
    revised = BODY | {"body": "现在可以在手机上补办电子证件。"}
    answer = (await editor.post(f"{path}/revise", json=revised)).json()
    assert (answer["version"], answer["version_latest"], answer["body"]) == (1, 2, BODY["body"])
    assert (await editor.get("/v1/articles", params={"q": "电子证件"})).json()["items"] == []

    answer = (await editor.post(f"{path}/publish", json={"version": 2})).json()
    assert (answer["version"], answer["body"]) == (2, revised["body"])
    assert len((await editor.get("/v1/articles", params={"q": "电子证件"})).json()["items"]) == 1
    assert (await editor.get("/v1/articles", params={"q": "经办窗口"})).json()["items"] == []
    versions = (await editor.get(f"{path}/versions")).json()
    assert [version["body"] for version in versions] == [BODY["body"], revised["body"]]
    assert [event.sequence for event in await harness.said(runtime)] == [1, 2]


async def test_a_version_that_was_not_read_is_not_published(
    harness: Harness, runtime: Runtime
) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    draft = (await editor.post("/v1/articles", json=DRAFT)).json()
    await editor.post(f"/v1/articles/{draft['id']}/revise", json=BODY)
    answer = await editor.post(f"/v1/articles/{draft['id']}/publish", json={"version": 1})
    assert answer.status_code == 409


async def test_a_retired_article_answers_no_more_and_can_be_written_anew(
    harness: Harness, runtime: Runtime
) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    path = f"/v1/articles/{await published(editor)}"
    answer = await editor.post(f"{path}/retire", json={"reason": "政策已废止"})
    assert answer.json()["state"] == "retired"
    assert (await editor.get("/v1/articles", params={"q": "社保卡"})).json()["items"] == []
    (_, said) = await harness.said(runtime)
    assert said.data == ArticleRetired(jurisdiction="512000", reason="政策已废止")
    refused = await editor.post(f"{path}/retire", json={"reason": "再次停用"})
    assert (refused.status_code, refused.json()["allowed"]) == (409, ["revise"])

    assert (await editor.post(f"{path}/revise", json=BODY)).json()["state"] == "draft"
    assert (await editor.post(f"{path}/publish")).json()["version"] == 2
    assert len((await editor.get("/v1/articles", params={"q": "社保卡"})).json()["items"]) == 1


async def test_the_counts_of_terms_are_those_of_what_answers_now(
    harness: Harness, runtime: Runtime
) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    first, second = await published(editor), await published(editor, title="公积金提取")
    await editor.post(f"/v1/articles/{first}/revise", json=BODY | {"title": "医保报销"})
    await editor.post(f"/v1/articles/{first}/publish")
    await editor.post(f"/v1/articles/{second}/retire", json={"reason": "合并"})
    pool = runtime.database.pool
    counted = await pool.fetch(
        """SELECT term, count(*)::int AS documents FROM articles,
        unnest(tsvector_to_array(terms)) AS term GROUP BY term ORDER BY term"""
    )
    kept = await pool.fetch("SELECT term, documents FROM terms WHERE documents <> 0 ORDER BY term")
    assert [tuple(row) for row in kept] == [tuple(row) for row in counted]
    corpus = await pool.fetchrow("SELECT documents, length FROM corpus")
    length = await pool.fetchval("SELECT length FROM articles WHERE terms IS NOT NULL")
    assert tuple(corpus or ()) == (1, length)


async def test_an_expired_article_does_not_answer(harness: Harness, runtime: Runtime) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    soon = datetime.now(UTC) + timedelta(hours=1)
    article_id = await published(editor, expires_at=soon.isoformat())
    asked = {"q": "社保卡"}
    assert len((await editor.get("/v1/articles", params=asked)).json()["items"]) == 1
    harness.clock.stepped = soon + timedelta(seconds=1)
    assert (await editor.get("/v1/articles", params=asked)).json()["items"] == []
    assert (await editor.get("/v1/articles")).json()["items"] == []
    assert (await editor.get(f"/v1/articles/{article_id}")).json()["is_expired"] is True


async def test_what_has_expired_is_not_published(harness: Harness, runtime: Runtime) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    body = DRAFT | {"expires_at": "2020-01-01T00:00:00+08:00"}
    draft = (await editor.post("/v1/articles", json=body)).json()
    answer = await editor.post(f"/v1/articles/{draft['id']}/publish")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "expires_at"


async def test_a_unit_writes_its_own_articles_alone_and_publishes_none(
    harness: Harness, runtime: Runtime
) -> None:
    unit = await enter(harness, runtime, Role.UNIT, unit=UNIT)
    other = await enter(harness, runtime, Role.UNIT, unit="512000-jtj")
    draft = (await unit.post("/v1/articles", json=DRAFT)).json()
    assert (await other.post("/v1/articles", json=DRAFT)).status_code == 403
    assert (await unit.post(f"/v1/articles/{draft['id']}/publish")).status_code == 403
    assert (await other.post(f"/v1/articles/{draft['id']}/revise", json=BODY)).status_code == 404
    assert (await unit.post(f"/v1/articles/{draft['id']}/revise", json=BODY)).status_code == 200
    drafts = {"state": "draft"}
    assert len((await unit.get("/v1/articles", params=drafts)).json()["items"]) == 1
    assert (await other.get("/v1/articles", params=drafts)).json()["items"] == []


async def test_an_operator_writes_nothing(harness: Harness, runtime: Runtime) -> None:
    operator = await enter(harness, runtime, Role.OPERATOR)
    assert (await operator.post("/v1/articles", json=DRAFT)).status_code == 403
    drafts = await operator.get("/v1/articles", params={"state": "draft"})
    assert drafts.status_code == 403


async def test_a_provincial_article_answers_in_its_cities_and_no_other_province(
    harness: Harness, runtime: Runtime
) -> None:
    province = await enter(harness, runtime, Role.EDITOR, jurisdiction="510000")
    article_id = await published(province, jurisdiction="510000")
    path = f"/v1/articles/{article_id}"
    for place, count in (("512000", 1), ("512002", 1), ("510000", 1), ("530000", 0)):
        reader = await enter(harness, runtime, Role.OPERATOR, jurisdiction=place)
        hits = (await reader.get("/v1/articles", params={"q": "社保卡"})).json()["items"]
        assert len(hits) == count, place
        assert len((await reader.get("/v1/articles")).json()["items"]) == count, place
        assert (await reader.get(path)).status_code == (200 if count else 404), place
    city = await enter(harness, runtime, Role.EDITOR, jurisdiction="512000")
    assert (await city.post(f"{path}/revise", json=BODY)).status_code == 404
    assert (await city.get(path)).json()["allowed"] == []
    neighbour = {"q": "社保卡", "jurisdiction": "511000"}
    assert len((await city.get("/v1/articles", params=neighbour)).json()["items"]) == 1


async def test_what_answered_tickets_is_counted(harness: Harness, runtime: Runtime) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    article_id = await published(editor)
    events = [
        harness.event(
            TicketAnswered(
                number="1",
                jurisdiction="512000",
                request_type=RequestType.INQUIRY,
                title="补办社保卡",
                content="怎么补办",
                channel=Channel.PHONE,
                article_id=article_id,
                is_solved=is_solved,
            ),
            str(uuid4()),
        )
        for is_solved in (True, True, False)
    ]
    # What came unread was answered from it later, or was an emergency after all.
    concluded = {"state": State.ANSWERED, "text": "到窗口补办。", "concluded_by": "ZX0102"}
    answered = {"article_id": article_id, "is_solved": True}
    later = (answered, answered | {"is_solved": False}, {"state": State.HANDED_OVER})
    events += [harness.event(TicketConcluded(**(concluded | one)), str(uuid4())) for one in later]
    await harness.hear(runtime, handlers(runtime), *events)
    await harness.hear(runtime, handlers(runtime), *events)
    article = (await editor.get(f"/v1/articles/{article_id}")).json()
    assert (article["answered"], article["solved"]) == (5, 3)


async def test_an_article_shows_the_name_of_its_unit(harness: Harness, runtime: Runtime) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    article_id = await published(editor)
    unit = UnitChanged(code=UNIT, name="市人社局", jurisdiction="512000")
    await harness.hear(runtime, handlers(runtime), harness.event(unit, UNIT))
    assert (await editor.get(f"/v1/articles/{article_id}")).json()["unit_name"] == "市人社局"
    assert (await editor.get("/v1/articles")).json()["items"][0]["unit_name"] == "市人社局"


async def test_pages_show_every_article_once(harness: Harness, runtime: Runtime) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    ids = {await published(editor) for _ in range(5)}
    for asked in ({"q": "社保卡"}, {}):
        seen: list[str] = []
        after: dict[str, str] = {}
        for _ in range(3):
            params = {"limit": "2", **asked, **after}
            page = (await editor.get("/v1/articles", params=params)).json()
            seen += [item["id"] for item in page["items"]]
            after = {"after": page["next"] or ""}
        assert page["next"] is None
        assert (len(seen), set(seen)) == (5, ids)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"jurisdiction": "51"}, "jurisdiction"),
        ({"state": "lost"}, "state"),
        ({"q": "字" * 201}, "q"),
        ({"q": "税", "state": "draft"}, "state"),
        ({"q": "税", "after": "x"}, "after"),
        ({"after": "WyJ4Il0"}, "after"),
        ({"search": "税"}, "search"),
    ],
)
async def test_a_bad_parameter_is_named(
    harness: Harness, runtime: Runtime, params: dict[str, str], field: str
) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    answer = await editor.get("/v1/articles", params=params)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_the_same_act_with_the_same_key_is_done_once(
    harness: Harness, runtime: Runtime
) -> None:
    editor = await enter(harness, runtime, Role.EDITOR)
    headers = {"Idempotency-Key": uuid4().hex}
    first = await editor.post("/v1/articles", json=DRAFT, headers=headers)
    second = await editor.post("/v1/articles", json=DRAFT, headers=headers)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert await runtime.database.pool.fetchval("SELECT count(*) FROM articles") == 1
