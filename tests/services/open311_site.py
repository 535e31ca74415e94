"""A site that files by Open311, and what it needs for that."""

from typing import Any

import httpx

from shared.events.words import Role
from tests.journeys.city import City

REQUEST = {
    "jurisdiction_id": "512000",
    "service_code": "01",
    "address_string": "建设西路与幸福街交叉口",
    "lat": "30.128",
    "long": "104.627",
    "description": "路口积水，行人无法通过。",
    "first_name": "某某",
    "last_name": "欧阳",
    "phone": "13800000042",
    "media_url": "https://example.org/photo.jpg",
}


async def key_of(city: City, name: str, jurisdiction: str = "512000") -> str:
    security = await city.person(Role.SECURITY, jurisdiction="000000")
    answer = await security.post(f"/v1/open311-keys/{name}", json={"jurisdiction": jurisdiction})
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["api_key"]
    return key


async def outside(city: City) -> httpx.AsyncClient:
    """Somebody without a token."""
    transport = httpx.ASGITransport(app=city.platform.app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://gateway/open311/v2")
    return await city.stack.enter_async_context(client)


async def file(client: httpx.AsyncClient, key: str, **changed: str) -> dict[str, Any]:
    answer = await client.post("/requests.json", data=REQUEST | {"api_key": key} | changed)
    assert answer.status_code == 200, answer.text
    (filed,) = answer.json()
    assert isinstance(filed, dict)
    return filed


async def one(client: httpx.AsyncClient, key: str, number: str) -> dict[str, Any]:
    answer = await client.get(f"/requests/{number}.json", params={"api_key": key})
    assert answer.status_code == 200, answer.text
    (shown,) = answer.json()
    assert isinstance(shown, dict)
    return shown
