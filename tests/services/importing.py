"""What the tests of imports share: a small file, and an intake that takes it."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from deploy.trial import CATEGORIES
from services.intake.app import make_app
from shared.events.words import Role
from shared.runtime import Runtime
from tests.harness import Harness, token

MAPPED = {
    "title": "title",
    "content": "detail",
    "filed_at": "time",
    "category": "label",
    "external_id": "row_in_att2",
}
CONSTANTS = {"type": "help", "channel": "web"}
HEADER = "row_in_att2,time,title,detail,label\n"


async def make_intake(harness: Harness, runtime: Runtime) -> FastAPI:
    """Intake, with a place and seven subjects, two of them with children of one name."""
    app = make_app(runtime)
    client = await harness.client(app, token(harness.settings, Role.ADMINISTRATOR))
    bodies: list[tuple[str, dict[str, Any]]] = [("/v1/jurisdictions/512000", {"name": "资阳市"})]
    bodies += [(f"/v1/categories/{code}", {"name": name}) for code, name in CATEGORIES.items()]
    bodies += [
        (f"/v1/categories/{code}01", {"name": "其他", "parent": code}) for code in ("01", "02")
    ]
    for path, body in bodies:
        (await client.put(path, json=body)).raise_for_status()
    return app


def write(folder: Path, *lines: str, name: str = "messages.csv") -> Path:
    """A file with the columns of `HEADER`."""
    path = folder / name
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
