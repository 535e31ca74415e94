"""Roles by operations: one table, whole, looked at before anything else (F5, F9)."""

import asyncio
import inspect
import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from deploy.contracts.pages import apps
from services.dispatch.access import ELSEWHERE
from services.dispatch.rules import ROLES
from services.intake.access import ACCESS as INTAKE
from shared.access import EVERYBODY, Reach, in_order
from shared.events.words import Act, Role, Service
from shared.runtime import Runtime
from shared.security import Caller, Principal, issue_token
from shared.service import create_app, routes_of
from shared.settings import TRIAL_SECRET
from tests.services.edge_app import read_problem

SOMETHING = str(UUID(int=7))


def operations(app: FastAPI) -> set[str]:
    """What the document of an app names."""
    paths = app.openapi()["paths"]
    return {f"{method.upper()} {path}" for path, found in paths.items() for method in found}


def routes(found: list[BaseRoute]) -> Iterator[APIRoute]:
    """The routes of an app, those of its routers too."""
    for one in found:
        if isinstance(one, APIRoute):
            yield one
        else:
            router = getattr(one, "original_router", None)
            yield from routes(getattr(router, "routes", []))


def bearer(role: Role) -> dict[str, str]:
    unit = "512000-01"
    token = issue_token(
        Principal("test", role, "512000", unit), TRIAL_SECRET, lifetime=timedelta(hours=1)
    )
    return {"Authorization": f"Bearer {token}"}


async def call(app: FastAPI, operation: str, headers: dict[str, str]) -> httpx.Response:
    """An operation called with no body: who may not is refused before it is read."""
    method, path = operation.split(" ", 1)
    filled = re.sub(r"\{[^}]*\}", SOMETHING, path)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, filled, headers=headers | {"Content-Length": "0"})


@pytest.mark.parametrize("service", Service)
def test_each_operation_stands_in_the_table_and_each_row_is_an_operation(service: Service) -> None:
    app = apps()[service]
    assert operations(app) - set(app.state.access) == set(), "add a row to services/*/access.py"
    assert set(app.state.access) - operations(app) == set(), "a row without its operation"


@pytest.mark.parametrize("service", Service)
async def test_whoever_the_table_does_not_name_is_refused_before_anything_else(
    service: Service,
) -> None:
    app = apps()[service]
    for operation, may in app.state.access.items():
        if may.reach is Reach.OPEN:
            continue
        nobody = await call(app, operation, {})
        assert nobody.status_code == 401, operation
        for role in set(Role) - set(may.roles):
            answer = await call(app, operation, bearer(role))
            problem = read_problem(answer, 403, "not_allowed")
            assert problem["allowed"] == [str(one) for one in may.roles], (operation, role)


async def test_an_operation_without_a_row_is_nobodys(frame: Runtime) -> None:
    router = APIRouter(prefix="/v1/forgotten")

    @router.get("")
    async def look(caller: Caller) -> str:
        return caller.subject

    app = create_app(
        frame, routes_of(router), access={"POST /v1/forgotten": INTAKE["GET /v1/scope"]}
    )
    answers = await asyncio.gather(*(call(app, "GET /v1/forgotten", bearer(r)) for r in Role))
    assert {answer.status_code for answer in answers} == {403}
    assert {answer.json()["code"] for answer in answers} == {"not_allowed"}


def test_intake_and_the_state_machine_name_the_same_people_for_the_same_act() -> None:
    named = {act: INTAKE[f"POST /v1/tickets/{{ticket_id}}/{act}"].roles for act in ELSEWHERE}
    delivered = {Act.RATE: (), Act.WITHDRAW: (Role.PLATFORM,)}
    for act, roles in named.items():
        without = [role for role in roles if role not in delivered.get(act, ())]
        assert tuple(without) == in_order(tuple(r for r in ROLES[act] if r in without)), act
        assert set(without) == set(ROLES[act]) - set(delivered.get(act, ())), act


@pytest.mark.parametrize("service", [one for one in Service if one is not Service.GATEWAY])
def test_what_is_somebodys_is_read_as_who_asks(service: Service) -> None:
    app = apps()[service]
    for route in routes(app.routes):
        may = app.state.access.get(f"GET {route.path}")
        if "GET" not in route.methods or may is None or may.reach in (Reach.ALL, Reach.OPEN):
            continue
        source = inspect.getsource(route.endpoint)
        helper = "page(" if service is Service.SLA else "_list("
        assert "reading" in source or helper in source, route.path


def test_the_document_says_who_may() -> None:
    paths = apps()[Service.DISPATCH].openapi()["paths"]
    sign = paths["/v1/tickets/{ticket_id}/sign"]["post"]
    assert sign["x-roles"] == ["unit", "unit_leader", "subcenter"]
    assert "可用：承办单位、承办单位负责人、分中心" in sign["description"]
    assert paths["/v1/machine"]["get"]["x-roles"] == [str(role) for role in EVERYBODY]
    public = apps()[Service.INTAKE].openapi()["paths"]["/v1/public/results"]["get"]
    assert "x-roles" not in public
    assert "无须登录" in public["description"]
