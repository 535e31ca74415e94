"""Open311 GeoReport v2: what the standard says of each JSON answer, field by field."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from types import UnionType
from typing import Any

import pytest

from shared.clock import Clock
from shared.events.words import Service
from shared.settings import Settings
from tests.journeys.city import City, open_city
from tests.services.open311_site import file, key_of, one, outside

MAYBE = str | None
SERVICE = {
    **dict.fromkeys(("service_code", "service_name", "type"), str),
    **dict.fromkeys(("description", "keywords", "group"), MAYBE),
    "metadata": bool,
}
ATTRIBUTE = {
    **dict.fromkeys(("code", "datatype"), str),
    **dict.fromkeys(("variable", "required"), bool),
    **dict.fromkeys(("datatype_description", "description"), MAYBE),
    "order": int,
    "values": list,
}
DATATYPES = {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}
REQUEST_SHOWN = {
    **dict.fromkeys(("service_request_id", "status", "service_code", "requested_datetime"), str),
    **dict.fromkeys(("status_notes", "service_name", "description", "agency_responsible"), MAYBE),
    **dict.fromkeys(("service_notice", "updated_datetime", "expected_datetime", "address"), MAYBE),
    **dict.fromkeys(("address_id", "zipcode", "media_url"), MAYBE),
    **dict.fromkeys(("lat", "long"), float | None),
}
ENDPOINT = {
    **dict.fromkeys(("specification", "url", "changeset", "type"), str),
    "formats": list,
}
Words = Mapping[str, set[str]]


@pytest.fixture
async def city(settings: Settings) -> AsyncIterator[City]:
    async with AsyncExitStack() as stack:
        yield await open_city(settings, stack, Clock())


async def test_json_answers_have_the_names_types_and_words_of_the_standard(city: City) -> None:
    client, key = await outside(city), await key_of(city, "site")
    asked = {"api_key": key}
    filed = await file(client, key)
    number = filed["service_request_id"]
    assert isinstance(filed["service_notice"], str)
    services = (await client.get("/services.json")).json()
    assert services
    for one_service in services:
        fits(one_service, SERVICE, {"type": {"realtime", "batch", "blackbox"}})
    definition = (await client.get("/services/01.json")).json()
    fits(definition, {"service_code": str, "attributes": list}, {})
    for attribute in definition["attributes"]:
        fits(attribute, ATTRIBUTE, {"datatype": DATATYPES})
        for value in attribute["values"]:
            fits(value, {"key": str, "name": str}, {})
    await file(client, key, lat="", long="", media_url="https://example.org/积水 1.jpg")
    listed = (await client.get("/requests.json", params=asked)).json()
    assert len(listed) == 2
    for shown in [*listed, await one(client, key, number)]:
        fits(shown, REQUEST_SHOWN, {"status": {"open", "closed"}})
        assert shown["media_url"].isascii()
        for name in ("requested_datetime", "updated_datetime", "expected_datetime"):
            at = shown[name] and datetime.fromisoformat(shown[name])
            assert at is None or at.tzinfo is not None
    pool = city.platform.runtimes[Service.GATEWAY].database.pool
    token = await pool.fetchval("SELECT id FROM open311_requests WHERE number = $1", number)
    (told,) = (await client.get(f"/tokens/{token}.json", params=asked)).json()
    assert told == {"service_request_id": number, "token": str(token)}
    found = (await client.get("/discovery.json")).json()
    fits(found, {"changeset": str, "contact": str, "key_service": str, "endpoints": list}, {})
    (endpoint,) = found["endpoints"]
    fits(endpoint, ENDPOINT, {"type": {"production", "test", "acceptance"}})
    (error,) = (await client.get("/services/99.json")).json()
    fits(error, {"code": str, "description": str}, {})


def fits(shown: dict[str, Any], types: Mapping[str, type | UnionType], words: Words) -> None:
    """What GeoReport v2 says of the fields; what it does not name is not there."""
    assert shown.keys() == types.keys()
    for name, wanted in types.items():
        assert isinstance(shown[name], wanted), (name, shown[name])
    for name, known in words.items():
        assert shown[name] in known, (name, shown[name])
