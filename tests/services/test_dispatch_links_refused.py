"""Links that are refused: each a clear answer, with what can be done instead (A8, B1)."""

import httpx
import pytest

from tests.services.dispatch_desk import WATER, Desk, Json, desk, post, ruled_desk
from tests.services.test_dispatch_links import WHY, file_other, link, operator, reply

__all__ = ["desk", "operator", "ruled_desk"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"main": "512000-260914-9999999"}, 422, "unknown_ticket"),
        ({"main": "019a0000-0000-7000-8000-0000000000aa"}, 404, "not_found"),
        ({"main": "含空格 的"}, 422, "string_pattern_mismatch"),
        ({}, 422, "missing"),
    ],
)
async def test_a_main_ticket_that_is_not_there_is_refused(
    ruled_desk: Desk, operator: httpx.AsyncClient, body: Json, status: int, code: str
) -> None:
    member = await file_other(ruled_desk)
    problem = await post(operator, f"/v1/tickets/{member}/link", body | WHY, status=status)
    assert code in (problem["code"], *(one["code"] for one in problem["errors"]))


async def test_what_cannot_be_linked_is_refused_with_what_can_be_done(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main, member, about = [await file_other(ruled_desk) for _ in range(3)]
    itself = await link(operator, main, main, status=422)
    assert itself["errors"][0]["code"] == "itself"
    unit = await ruled_desk.unit(WATER)
    assert (await link(unit, member, main, status=403))["code"] == "not_allowed"
    await reply(ruled_desk, member)
    refused = await link(operator, member, main, status=409)
    assert "link" not in refused["allowed"]
    linked = await link(operator, about, main)
    assert linked["state"] == "linked"
    twice = await link(operator, about, main, status=409)
    assert "split" in twice["allowed"]
    refused = await post(operator, f"/v1/tickets/{main}/split", {"reason": "无"}, status=409)
    assert "link" in refused["allowed"]


async def test_a_complaint_about_a_unit_never_goes_with_what_that_unit_may_read(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main = await file_other(ruled_desk)
    complaint = await file_other(ruled_desk, about_unit=WATER)
    problem = await link(operator, complaint, main, status=422)
    assert problem["errors"][0]["code"] == "other_complaint"
