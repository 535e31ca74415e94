"""A file on its way in: streamed to a temporary file, never whole in memory, then looked at."""

import asyncio
import codecs
import hashlib
import re
import zipfile
from collections.abc import AsyncIterable, AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from services.intake.attachments.rules import (
    HEAD_BYTES,
    TEXT,
    TYPES,
    ZIP,
    agreed_type,
    type_of,
    type_of_parts,
)
from shared.problems import TooLarge, field_error

PIECE_BYTES = 262_144
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
CHARSETS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True, slots=True)
class Received:
    """A whole file in a temporary place."""

    path: Path
    bytes: int
    sha256: str
    media_type: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a platform takes, and where it lays down what has not been looked at."""

    folder: Path
    bytes_max: int
    types: Collection[str]


@asynccontextmanager
async def received(
    chunks: AsyncIterable[bytes], limits: Limits, *, declared: str, filename: str | None
) -> AsyncIterator[Received]:
    """A file, whole and of a known type; its temporary place is emptied at the end.

    Raises `TooLarge`, and `Malformed` for an empty file, a type that is not taken and one that
    is not what was declared (`lies_about_type`).
    """
    path = limits.folder / f"{uuid4().hex}.part"
    try:
        await asyncio.to_thread(limits.folder.mkdir, parents=True, exist_ok=True)
        size, sha256 = await _write(chunks, path, limits.bytes_max)
        if not size:
            raise field_error("body", "empty_file", "文件是空的")
        found = await asyncio.to_thread(_detect, path)
        media_type = _require_type(found, declared, filename, limits.types)
        yield Received(path, size, sha256, media_type, filename)
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def _write(chunks: AsyncIterable[bytes], path: Path, bytes_max: int) -> tuple[int, str]:
    digest, size, piece = hashlib.sha256(), 0, bytearray()
    with await asyncio.to_thread(path.open, "xb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > bytes_max:
                raise TooLarge(f"附件过大，最多 {bytes_max} 字节。")
            digest.update(chunk)
            piece += chunk
            if len(piece) >= PIECE_BYTES:
                await asyncio.to_thread(file.write, piece)
                piece = bytearray()
        await asyncio.to_thread(file.write, piece)
    return size, digest.hexdigest()


def _detect(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(ZIP):
        try:
            with zipfile.ZipFile(path) as archive:
                return type_of_parts(set(archive.namelist()))
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return None
    found = type_of(head)
    if found is not None:
        return found
    return TEXT if any(_is_text(path, charset) for charset in CHARSETS) else None


def _is_text(path: Path, charset: str) -> bool:
    decoder = codecs.getincrementaldecoder(charset)()
    with path.open("rb") as file:
        try:
            while piece := file.read(PIECE_BYTES):
                if UNPRINTABLE.search(decoder.decode(piece)):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _require_type(
    found: str | None, declared: str, filename: str | None, types: Collection[str]
) -> str:
    if found is None or found not in types:
        endings = "、".join(ending[1:] for one in types for ending in TYPES[one][:1])
        raise field_error("body", "type_not_allowed", f"不支持这种文件；可用：{endings}")
    agreed = agreed_type(found, declared, filename)
    if agreed is None:
        raise field_error(
            "Content-Type",
            "lies_about_type",
            f"文件内容是 {found}，与所称的类型（{declared or '未注明'}）或文件名不符",
        )
    return agreed
