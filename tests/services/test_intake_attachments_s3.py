"""Attachments in a bucket, over the real protocol (A1)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Known
from moto.server import ThreadedMotoServer

from services.intake.app import make_app
from services.intake.attachments.operations import sweep
from services.intake.attachments.s3 import S3Store
from services.intake.attachments.signing import EMPTY, Credentials, encode_query, sign
from services.intake.attachments.store import open_store
from shared.events.words import Role, Service
from shared.problems import Unavailable
from shared.settings import Settings
from tests.harness import Harness, token
from tests.services.test_intake_attachments import PDF, PNG, upload


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
async def bucket(settings: Settings, address: str) -> Settings:
    name = f"b{abs(hash(settings.database_url))}"
    async with httpx.AsyncClient() as client:
        assert (await client.put(f"{address}/{name}")).is_success
    return settings.model_copy(
        update={
            "attachment_store": f"s3://{name}/kept",
            "s3_endpoint": address,
            "s3_access_key": "key",
            "s3_secret_key": "secret",
        }
    )


@pytest.fixture
async def operator(harness: Harness, bucket: Settings) -> httpx.AsyncClient:
    harness.settings = bucket
    runtime = await harness.runtime(Service.INTAKE)
    return await harness.client(make_app(runtime), token(bucket, Role.OPERATOR))


async def test_a_file_goes_into_the_bucket_and_comes_back(operator: httpx.AsyncClient) -> None:
    first = await upload(operator, PDF, "application/pdf")
    again = await upload(operator, PDF, "application/pdf")
    assert (first.status_code, again.status_code) == (201, 200)
    assert (await operator.get(f"/v1/attachments/{first.json()['id']}")).content == PDF


async def test_the_store_lists_finds_and_removes(bucket: Settings, tmp_path: Path) -> None:
    store = open_store(bucket)
    assert isinstance(store, S3Store)
    path = tmp_path / "file"
    path.write_bytes(PNG)
    names = [f"{number:064x}" for number in range(3)]
    for name in names:
        await store.put(name, path)
    assert [name async for name in store.older(0)] == names
    assert [name async for name in store.older(3600)] == []
    await store.remove(names[0])
    assert [await store.has(name) for name in names] == [False, True, True]
    with pytest.raises(FileNotFoundError):
        [piece async for piece in store.read(names[0])]


async def test_what_no_row_points_to_is_swept_from_the_bucket(
    operator: httpx.AsyncClient, harness: Harness, bucket: Settings, tmp_path: Path
) -> None:
    kept = (await upload(operator, PNG, "image/png")).json()["sha256"]
    store, path = open_store(bucket), tmp_path / "file"
    path.write_bytes(PDF)
    await store.put("0" * 64, path)
    runtime = await harness.runtime(Service.INTAKE)
    pool = runtime.database.pool
    await pool.execute("UPDATE attachments SET kept_at = kept_at + interval '1 hour'")
    assert await sweep(pool, store, seconds=0) == 1
    assert [name async for name in store.older(0)] == [kept]


async def test_a_store_that_does_not_answer_is_unavailable_and_nothing_is_kept(
    harness: Harness, bucket: Settings
) -> None:
    gone = bucket.model_copy(update={"s3_endpoint": "http://127.0.0.1:9"})
    harness.settings = gone
    runtime = await harness.runtime(Service.INTAKE)
    client = await harness.client(make_app(runtime), token(gone, Role.OPERATOR))
    answer = await upload(client, PNG, "image/png")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert await runtime.database.pool.fetchval("SELECT count(*) FROM attachments") == 0
    elsewhere = bucket.model_copy(update={"attachment_store": "s3://no-such-bucket"})
    with pytest.raises(Unavailable):
        [name async for name in open_store(elsewhere).older(0)]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/bucket/kept/0a1b"),
        ("PUT", "/bucket/%E7%8E%B0"),
        ("GET", "/bucket?" + encode_query({"prefix": "a/b c", "list-type": "2"})),
    ],
)
def test_a_signature_is_the_one_that_the_reference_makes(method: str, path: str) -> None:
    url, ours = f"https://s3.example.org{path}", Credentials("AK", "SK", "cn-north-1")
    at = datetime.now(UTC)
    mine = sign(ours, method, url, content_sha256=EMPTY, at=at)
    request = AWSRequest(method=method, url=url, headers={"X-Amz-Date": mine["x-amz-date"]})
    request.context["timestamp"] = mine["x-amz-date"]
    reference = S3SigV4Auth(Known("AK", "SK"), "s3", "cn-north-1")
    request.headers["X-Amz-Content-SHA256"] = EMPTY
    canonical = reference.canonical_request(request)
    signature = reference.signature(reference.string_to_sign(request, canonical), request)
    assert mine["authorization"].endswith(f"Signature={signature}")
