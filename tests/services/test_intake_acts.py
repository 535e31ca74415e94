"""The caller's side after the reply: follow-up and rating (A10, A12)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.intake.app import make_app
from services.intake.consumer import handlers
from shared.events.dispatch import TicketClosed, TicketReplied
from shared.events.intake import TicketFollowedUp, TicketRated
from shared.events.words import CloseReason, Role
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_filing import REQUEST, intake, operator

__all__ = ["intake", "operator"]
REPLIED = TicketReplied(
    unit="512000-01",
    reply=1,
    findings="管道破裂",
    basis="供水条例",
    result="已修复",
    contact="电话",
    replied_by="u",
)


@pytest.fixture
async def replied(operator: httpx.AsyncClient, intake: Runtime, harness: Harness) -> str:
    ticket = str((await operator.post("/v1/tickets", json=REQUEST)).json()["id"])
    await harness.hear(intake, handlers(intake), harness.event(REPLIED, ticket))
    return ticket


async def test_a_caller_is_asked_and_rates(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness, replied: str
) -> None:
    asked = await operator.post(
        f"/v1/tickets/{replied}/follow-up", json={"is_reached": True, "is_solved": True}
    )
    assert asked.status_code == 200, asked.text
    assert asked.json()["sequence"] == 2
    rated = await operator.post(
        f"/v1/tickets/{replied}/rate", json={"result": "satisfied", "is_solved": True}
    )
    assert rated.json()["sequence"] == 3
    _, followed_up, rating = await harness.said(intake)
    assert isinstance(followed_up.data, TicketFollowedUp)
    assert isinstance(rating.data, TicketRated)
    assert rating.data.closes is CloseReason.SATISFIED


async def test_a_dissatisfied_caller_closes_nothing_until_a_reviewer_finds_it_lawful(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness, replied: str
) -> None:
    body = {"result": "dissatisfied", "is_solved": False}
    assert (await operator.post(f"/v1/tickets/{replied}/rate", json=body)).is_success
    path, conforming = f"/v1/tickets/{replied}/rate", {**body, "conforms": True}
    assert (await operator.post(path, json=conforming)).status_code == 403
    supervisor = await harness.client(make_app(intake), token(harness.settings, Role.SUPERVISOR))
    assert (await supervisor.post(path, json=conforming)).is_success
    reasons = [e.data.closes for e in await harness.said(intake) if isinstance(e.data, TicketRated)]
    assert reasons == [None, CloseReason.CONFORMS]


@pytest.mark.parametrize("act", ["follow-up", "rate"])
async def test_what_is_not_replied_is_neither_followed_up_nor_rated(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness, act: str, replied: str
) -> None:
    body: dict[str, Any] = {
        "follow-up": {"is_reached": True},
        "rate": {"result": "satisfied", "is_solved": True},
    }[act]
    fresh = (await operator.post("/v1/tickets", json=REQUEST)).json()["id"]
    answer = await operator.post(f"/v1/tickets/{fresh}/{act}", json=body)
    assert answer.status_code == 409
    assert answer.json()["allowed"] == ["amend", "withdraw"]
    closed = TicketClosed(unit="512000-01", reason=CloseReason.SATISFIED)
    await harness.hear(intake, handlers(intake), harness.event(closed, replied))
    assert (await operator.post(f"/v1/tickets/{replied}/{act}", json=body)).status_code == 409


async def test_what_is_not_yours_is_not_found(
    operator: httpx.AsyncClient, harness: Harness, intake: Runtime, replied: str
) -> None:
    stranger = await harness.client(
        make_app(intake), token(harness.settings, Role.OPERATOR, jurisdiction="532800")
    )
    body = {"is_reached": True}
    for ticket in (replied, str(uuid4())):
        answer = await stranger.post(f"/v1/tickets/{ticket}/follow-up", json=body)
        assert answer.status_code == 404
        assert (await stranger.get(f"/v1/tickets/{ticket}/caller")).status_code == 404
