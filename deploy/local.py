"""A platform on one machine: its folder, its secrets, its embedded PostgreSQL."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.embedded import embedded_postgres
from shared.events.words import Service
from shared.settings import Settings, read_settings

SECRET_NAMES = ("token_secret", "identity_key")


def data_dir() -> Path:
    """Where a local platform keeps everything: `HOTLINE_DATA_DIR`, else `data` in this folder."""
    return Path(os.environ.get("HOTLINE_DATA_DIR", "data"))


@contextmanager
def local_settings(folder: Path) -> Iterator[Settings]:
    """Settings for all services: the environment's where it names a database, else embedded."""
    given = read_settings(Service.GATEWAY)
    if given.database_url:
        yield given
        return
    with embedded_postgres(folder) as url:
        ours = {"database_url": url, **local_secrets(folder)}
        if "attachment_store" not in given.model_fields_set:
            ours["attachment_store"] = str(folder / "attachments")
        yield given.model_copy(update=ours)


def local_secrets(folder: Path) -> dict[str, str]:
    """The secrets of a local platform, made at first use and readable by its owner alone."""
    path = folder / "secrets.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        made = {name: secrets.token_urlsafe(32) for name in SECRET_NAMES}
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(made, file)
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def with_public_url(settings: Settings, *, host: str, port: int) -> Settings:
    """The same settings; where no public address is set, people find the gateway on this port."""
    if "public_url" in settings.model_fields_set:
        return settings
    shown = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104  it is only compared
    return settings.model_copy(update={"public_url": f"http://{shown}:{port}"})
