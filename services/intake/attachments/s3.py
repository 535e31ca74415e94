"""Attachments in an S3 bucket: any service that speaks its protocol, addressed by path."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import httpx

from services.intake.attachments.signing import EMPTY, Credentials, encode_query, sign
from shared.problems import Unavailable
from shared.settings import Settings
from shared.telemetry import log

PIECE_BYTES: Final = 262_144
TIMEOUT = httpx.Timeout(10, read=60, write=60)
MAY_BE_GONE = ("HEAD", "DELETE")
XMLNS = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class S3Store:
    """A bucket, `s3://bucket/prefix`."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        place = urlsplit(settings.attachment_store)
        self._bucket = f"{settings.s3_endpoint.rstrip('/')}/{place.netloc}"
        self._prefix = f"{place.path.strip('/')}/".lstrip("/")
        self._credentials = Credentials(
            settings.s3_access_key, settings.s3_secret_key, settings.s3_region
        )
        self._client = client

    async def put(self, name: str, path: Path) -> None:
        """Keep a copy of a file; it is safe when this returns. Raises `Unavailable`."""
        size = (await asyncio.to_thread(path.stat)).st_size
        headers = {"content-length": str(size)}
        # The name is the content's hash: the service refuses what arrives changed.
        await self._call("PUT", self._url(name), name, content=_pieces(path), headers=headers)

    async def has(self, name: str) -> bool:
        """Whether a file is kept. Raises `Unavailable`."""
        return (await self._call("HEAD", self._url(name))).status_code == httpx.codes.OK

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """A file's content, piece by piece. Raises `FileNotFoundError`, `Unavailable`."""
        url = self._url(name)
        headers = self._signed("GET", url, EMPTY)
        try:
            async with self._client.stream("GET", url, headers=headers, timeout=TIMEOUT) as answer:
                if answer.status_code == httpx.codes.NOT_FOUND:
                    raise FileNotFoundError(name)
                _require_success(answer)
                async for piece in answer.aiter_bytes(PIECE_BYTES):
                    yield piece
        except httpx.HTTPError as error:
            raise _unavailable(error) from error

    async def remove(self, name: str) -> None:
        """Keep a file no longer. Raises `Unavailable`."""
        await self._call("DELETE", self._url(name))

    async def older(self, seconds: float) -> AsyncIterator[str]:
        """The names of what was put longer ago than so many seconds, by the service's clock."""
        token: str | None = None
        while True:
            query = {"list-type": "2", "prefix": self._prefix}
            if token is not None:
                query["continuation-token"] = token
            answer = await self._call("GET", f"{self._bucket}?{encode_query(query)}")
            now = _server_time(answer)
            page = ElementTree.fromstring(answer.content)  # noqa: S314  our own store's answer
            for item in page.iter(f"{XMLNS}Contents"):
                put_at = datetime.fromisoformat(item.findtext(f"{XMLNS}LastModified", ""))
                if (now - put_at).total_seconds() >= seconds:
                    yield item.findtext(f"{XMLNS}Key", "").removeprefix(self._prefix)
            token = page.findtext(f"{XMLNS}NextContinuationToken")
            if token is None:
                return

    def _url(self, name: str) -> str:
        return f"{self._bucket}/{quote(self._prefix + name)}"

    def _signed(self, method: str, url: str, content_sha256: str) -> dict[str, str]:
        at = datetime.now(UTC)
        return sign(self._credentials, method, url, content_sha256=content_sha256, at=at)

    async def _call(
        self,
        method: str,
        url: str,
        content_sha256: str = EMPTY,
        *,
        content: AsyncIterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        signed = self._signed(method, url, content_sha256) | (headers or {})
        try:
            answer = await self._client.request(
                method, url, content=content, headers=signed, timeout=TIMEOUT
            )
        except httpx.HTTPError as error:
            raise _unavailable(error) from error
        if answer.status_code != httpx.codes.NOT_FOUND or method not in MAY_BE_GONE:
            _require_success(answer)
        return answer


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece


def _server_time(answer: httpx.Response) -> datetime:
    """The time by the clock that stamps the files."""
    said = answer.headers.get("date")
    if said is None:
        return datetime.now(UTC)
    return datetime.strptime(said, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)


def _require_success(answer: httpx.Response) -> None:
    if not answer.is_success:
        log.error("attachment_store_refused", status=answer.status_code)
        raise Unavailable("附件存储暂时不可用，请稍后重试。")


def _unavailable(error: Exception) -> Unavailable:
    log.error("attachment_store_unreachable", error=repr(error))
    return Unavailable("附件存储暂时不可用，请稍后重试。")
