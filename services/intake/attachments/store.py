"""Where attachments are kept: by the hash of their content, on disk or in any S3."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import httpx

from services.intake.attachments.s3 import S3Store
from shared.settings import Settings

PIECE_BYTES = 262_144
S3_SCHEME = "s3://"
INCOMING = "incoming"


class Store(Protocol):
    """Files by name: the hash of their content in hexadecimal."""

    async def put(self, name: str, path: Path) -> None:
        """Keep a copy of a file; it is safe when this returns."""
        ...

    async def has(self, name: str) -> bool:
        """Whether a file is kept."""
        ...

    def read(self, name: str) -> AsyncIterator[bytes]:
        """A file's content, piece by piece."""
        ...

    async def remove(self, name: str) -> None:
        """Keep a file no longer."""
        ...

    def older(self, seconds: float) -> AsyncIterator[str]:
        """The names of what was put longer ago than so many seconds."""
        ...


class DiskStore:
    """A folder: `ab/abcd…`, each written under another name, made safe, then renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: str, path: Path) -> None:
        """Keep a copy of a file; it is safe when this returns."""
        await asyncio.to_thread(self._put, name, path)

    async def has(self, name: str) -> bool:
        """Whether a file is kept."""
        return await asyncio.to_thread(self._path(name).is_file)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """A file's content, piece by piece. Raises `FileNotFoundError`."""
        with await asyncio.to_thread(self._path(name).open, "rb") as file:
            while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                yield piece

    async def remove(self, name: str) -> None:
        """Keep a file no longer."""
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    async def older(self, seconds: float) -> AsyncIterator[str]:
        """The names of what was put longer ago than so many seconds."""
        for name in await asyncio.to_thread(self._older, seconds):
            yield name

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _put(self, name: str, path: Path) -> None:
        final = self._path(name)
        final.parent.mkdir(parents=True, exist_ok=True)
        part = final.with_name(f"{name}.{uuid4().hex}.part")
        try:
            with path.open("rb") as source, part.open("xb") as target:
                while piece := source.read(PIECE_BYTES):
                    target.write(piece)
                target.flush()
                os.fsync(target.fileno())
            part.replace(final)
        finally:
            part.unlink(missing_ok=True)
        # The name is safe as well only when its folder is.
        for folder in (final.parent, self._folder):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _older(self, seconds: float) -> list[str]:
        found = []
        now = _disk_now(self._folder)
        for path in self._folder.glob("*/*"):
            try:
                is_old = now - path.stat().st_mtime >= seconds
            except FileNotFoundError:
                continue
            if is_old and path.parent.name != INCOMING:
                found.append(path.name)
            elif is_old:
                path.unlink(missing_ok=True)
        return found


def _disk_now(folder: Path) -> float:
    """The time by the clock that stamps the files, which need not be this machine's."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f"{uuid4().hex}.now"
    probe.touch()
    try:
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def open_store(settings: Settings, client: httpx.AsyncClient | None = None) -> Store:
    """The store that the settings name."""
    if not settings.attachment_store.startswith(S3_SCHEME):
        return DiskStore(Path(settings.attachment_store))
    return S3Store(settings, client or httpx.AsyncClient())


def incoming_folder(settings: Settings) -> Path:
    """Where files are laid down while they come in."""
    if settings.attachment_store.startswith(S3_SCHEME):
        return Path(tempfile.gettempdir()) / f"hotline-{INCOMING}"
    return Path(settings.attachment_store) / INCOMING
