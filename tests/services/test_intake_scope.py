"""The scope of acceptance: every ground of every pack, asked for and applied (A3)."""

import httpx
import pytest

from services.intake.app import make_app
from shared.events.intake import TicketCreated, TicketRefused
from shared.events.words import Role, Service
from shared.policy.load import builtin_packs
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_filing import request

PLACES = {
    "000000": "110000",
    "220000": "220100",
    "512000": "512000",
    "530000": "530100",
    "532800": "532800",
    "620000": "620100",
}
"""A place under each pack; some have no pack of their own."""
ALL = ("litigation", "arbitration", "reconsideration", "state_secret", "trade_secret", "privacy")
JILIN = (*ALL, "discipline_inspection", "open_government", "petition_channel", "public_morals")
EMERGENCIES = ("emergency_110", "emergency_119", "emergency_120")
YUNNAN = (
    *(*ALL, *EMERGENCIES, "civil_dispute", "petition_review", "party", "mass_organisation"),
    *("congress", "cppcc", "court", "procuratorate", "army", "armed_police"),
)
ZIYANG = (
    *(*JILIN, *EMERGENCIES, "emergency_122", "army", "armed_police", "abuse"),
    *("unclear_request", "no_request", "against_law", "refused_by_law"),
)
NAMED = {
    "220000": ("JL 五(二)", JILIN),
    "620000": ("GS 二(三)2", JILIN),
    "532800": ("XS 三(二)", JILIN),
    "530000": ("YN 六(二)2", YUNNAN),
    "512000": ("ZY 9", ZIYANG),
    "000000": ("default", JILIN),
}
"""What each document names, and where."""


@pytest.fixture
async def intake(harness: Harness) -> Runtime:
    return await harness.runtime(Service.INTAKE)


@pytest.fixture
async def operator(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    app = make_app(intake)
    rights = {"jurisdiction": "000000"}
    admin = await harness.client(app, token(harness.settings, Role.ADMINISTRATOR, **rights))
    for place in PLACES.values():
        assert (await admin.put(f"/v1/jurisdictions/{place}", json={"name": place})).is_success
    return await harness.client(app, token(harness.settings, Role.OPERATOR, **rights))


def test_all_six_packs_are_here() -> None:
    assert set(builtin_packs()) == set(PLACES)


@pytest.mark.parametrize("code", NAMED)
def test_a_pack_refuses_what_its_document_names_and_nothing_else(code: str) -> None:
    source, named = NAMED[code]
    scope = builtin_packs()[code].scope
    assert sorted(ground.code for ground in scope) == sorted(named)
    assert all(ground.source.startswith(source) for ground in scope)


@pytest.mark.parametrize(("code", "place"), PLACES.items())
async def test_a_request_is_refused_on_each_ground_and_its_caller_led_elsewhere(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness, code: str, place: str
) -> None:
    scope = builtin_packs()[code].scope
    for ground in scope:
        body = request(jurisdiction=place, refusal=ground.code, category=None)
        answer = await operator.post("/v1/tickets", json=body)
        assert answer.status_code == 201, answer.text
        ticket = answer.json()
        assert (ticket["state"], ticket["deadlines"]) == ("refused", [])
        assert ticket["refusal"] == {
            "ground": ground.code,
            "explanation": ground.text,
            "channel": ground.channel,
            "source": ground.source,
        }
    said = await harness.said(intake)
    assert len(said) == len(scope)
    for event, ground in zip(said, scope, strict=True):
        assert isinstance(event.data, TicketRefused), "what is refused starts no clock"
        assert (event.data.ground, event.data.source_article) == (ground.code, ground.source)
        assert event.data.explanation == f"{ground.text}：{ground.channel}"
    kept = await intake.database.pool.fetch("SELECT ground FROM tickets ORDER BY number")
    assert [row["ground"] for row in kept] == [ground.code for ground in scope]


@pytest.mark.parametrize(("code", "place"), PLACES.items())
async def test_an_operator_reads_the_grounds_before_filing(
    operator: httpx.AsyncClient, code: str, place: str
) -> None:
    answer = await operator.get("/v1/scope", params={"jurisdiction": place})
    assert answer.status_code == 200, answer.text
    scope, pack = answer.json(), builtin_packs()[code]
    assert (scope["policy"], scope["version"]) == (code, pack.version)
    assert [one["code"] for one in scope["accepts"]] == [one.code for one in pack.accepts]
    assert scope["items"] == [
        {
            "code": ground.code,
            "text": ground.text,
            "channel": ground.channel,
            "words": f"{ground.text}：{ground.channel}",
            "source": ground.source,
        }
        for ground in pack.scope
    ]


async def test_a_ground_of_another_document_is_refused_with_those_of_the_place(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    own = {ground.code for ground in builtin_packs()["532800"].scope}
    [foreign, *_] = [g.code for g in builtin_packs()["512000"].scope if g.code not in own]
    body = request(jurisdiction="532800", refusal=foreign, category=None)
    answer = await operator.post("/v1/tickets", json=body)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("refusal", "unknown_ground")
    assert all(code in error["message"] for code in own)
    assert await harness.said(intake) == []


async def test_what_has_no_ground_is_accepted(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    for place in PLACES.values():
        body = request(jurisdiction=place, category=None)
        assert (await operator.post("/v1/tickets", json=body)).json()["state"] == "accepted"
    assert {type(event.data) for event in await harness.said(intake)} == {TicketCreated}


async def test_a_scope_needs_a_place(operator: httpx.AsyncClient) -> None:
    for params in ({}, {"jurisdiction": "51"}):
        answer = await operator.get("/v1/scope", params=params)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "jurisdiction"
