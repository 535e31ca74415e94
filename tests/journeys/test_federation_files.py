"""Photos of a caller and a unit's signed letter cross with the ticket (B8, YN 六(二)1)."""

import hashlib

import httpx

from services.gateway.peers.queries import read_signing_key
from services.gateway.peers.rules import PeerKind
from services.gateway.peers.signing import sign_headers
from shared.events.words import Role, Service
from tests.journeys.platforms import PREFECTURE, PROVINCE, Federated, open_federation
from tests.journeys.test_federation import HIGHWAY, OUT, ROADS, UP
from tests.journeys.town import REPLY

PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
LATER = b"\x89PNG\r\n\x1a\n" + b"later" * 50
LETTER = b"%PDF-1.7\n" + b"signed and sealed" * 30
INTERNAL = b"%PDF-1.7\n" + b"for this house alone" * 30
PNG, PDF = "image/png", "application/pdf"


async def upload(person: httpx.AsyncClient, content: bytes, media_type: str) -> str:
    """Somebody uploads a file with a name that is nobody else's business."""
    headers = {
        "Content-Type": media_type,
        "X-Filename": "a-name" + media_type[-4:].replace("/", "."),
    }
    answer = await person.post("/v1/attachments", content=content, headers=headers)
    assert answer.is_success, answer.text
    found: str = answer.json()["id"]
    return found


async def contents(platform: Federated, person: httpx.AsyncClient, path: str) -> dict[bytes, str]:
    """What a person reads of a ticket's files, and which unit added each."""
    found = {}
    for one in (await platform.town.get(person, f"{path}/attachments"))["items"]:
        read = await person.get(f"/v1/attachments/{one['id']}")
        assert read.is_success, read.text
        assert read.headers["Content-Type"] == one["media_type"]
        found[read.content] = one["unit"] or ""
    return found


async def asked(platform: Federated, of: Federated, content: bytes) -> int:
    """What another platform is answered that asks for a file by its digest."""
    url = f"{of.url}/v1/exchange/attachments/{hashlib.sha256(content).hexdigest()}"
    runtime = platform.town.city.platform.runtimes[Service.GATEWAY]
    async with runtime.database.pool.acquire() as connection, httpx.AsyncClient() as client:
        key = await read_signing_key(connection, runtime.settings)
        answer = await client.get(url, headers=sign_headers("GET", url, b"", key))
    assert answer.status_code != 200 or answer.content == content
    assert "a-name" not in str(answer.headers)
    return answer.status_code


async def test_a_photo_goes_with_the_ticket_and_the_letter_comes_back(postgres: str) -> None:
    kinds = {(PREFECTURE, PROVINCE): PeerKind.PARENT}
    async with open_federation(postgres, PREFECTURE, PROVINCE, kinds=kinds) as pair:
        city, province = pair[PREFECTURE], pair[PROVINCE]
        photo = await upload(city.town.operator, PHOTO, PNG)
        here = await city.town.file(**HIGHWAY, attachments=[photo])
        assert await asked(province, city, PHOTO) == 404
        await pair.post(city.town.operator, f"{here}/dispatch", **OUT)
        there = await province.linked(here)
        later = await upload(city.town.operator, LATER, PNG)
        await pair.post(city.town.operator, f"{here}/attachments", attachments=[later])

        office = await province.person(Role.UNIT, unit=ROADS)
        operator = province.town.operator
        await pair.post(operator, f"{there}/dispatch", unit=ROADS, reason="属交通厅")
        await pair.post(office, f"{there}/sign")
        assert await contents(province, office, there) == {PHOTO: "", LATER: ""}

        letter, internal = [await upload(office, one, PDF) for one in (LETTER, INTERNAL)]
        both = {"attachments": [letter, internal], "kind": "letter"}
        await pair.post(office, f"{there}/attachments", **both)
        assert await asked(city, province, LETTER) == 404
        await pair.post(office, f"{there}/reply", **REPLY, attachments=[letter])
        asker = city.town.asker
        assert await contents(city, asker, here) == {PHOTO: "", LATER: "", LETTER: UP}
        (reply,) = (await city.town.get(asker, here))["replies"]
        (kept,) = [
            one
            for one in (await city.town.get(asker, f"{here}/attachments"))["items"]
            if one["unit"] == UP
        ]
        assert (reply["attachments"], kept["kind"]) == ([kept["id"]], "letter")
        assert kept["attached_by"] == f"platform:{PROVINCE}"
        assert [await asked(city, province, one) for one in (LETTER, INTERNAL)] == [200, 404]
        crossed = await city.town.get(asker, f"/v1/federation{here[3:]}")
        assert [one["state"] for one in crossed["files"]] == ["kept"]

        # Its copies go with it, on both sides.
        await pair.post(asker, f"{here}/rate", result="satisfied", is_solved=True)
        security = await city.person(Role.SECURITY)
        await pair.post(security, f"{here}/erase", reason="诉求人书面申请")
        for platform, path in ((city, here), (province, there)):
            supervisor = platform.town.supervisor
            assert await contents(platform, supervisor, path) == {}
            for table in ("files_in", "files_out"):
                assert await platform.pool().fetchval(f"SELECT count(*) FROM {table}") == 0
        assert await asked(province, city, PHOTO) == 404
