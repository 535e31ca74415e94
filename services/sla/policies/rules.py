"""Which packs a new file inherits from, and in which order files are published. Pure."""

import tomllib
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple

from shared.calendars import BEIJING
from shared.jurisdictions import prefix
from shared.policy.law import Law
from shared.policy.load import resolve_pack
from shared.policy.model import Pack


class File(NamedTuple):
    """A file that somebody wants to publish."""

    name: str
    text: str


def resolve(file: File, law: Law, *, now: datetime) -> Pack:
    """The file's pack over its parents, each in the version in force when the file takes effect.

    What is published already does not change by it, and a child that was published keeps what it
    inherited. Raises `PolicyFileError`.
    """
    at = midnight(_effect(file.text) or now.astimezone(BEIJING).date())
    known = {code: law.in_force(code, at) for code in law.versions}
    return resolve_pack(file.name, file.text, known)


def replaced(law: Law, pack: Pack) -> Pack | None:
    """The version in whose place the pack comes when it takes effect; none where it is the first.

    A pack that is published already replaces nothing.
    """
    if pack.code not in law.versions or pack.content_hash in law.by_hash:
        return None
    return law.in_force(pack.code, midnight(pack.effective_from.value))


def parents_first(files: Sequence[File]) -> list[File]:
    """The country before its provinces, a province before its cities."""
    return sorted(files, key=lambda file: len(prefix(_code(file.text))))


def midnight(day: date) -> datetime:
    """The moment at which a day begins, in Beijing time."""
    return datetime.combine(day, time(), BEIJING)


def _effect(text: str) -> date | None:
    found = _header(text).get("effective_from")
    value = found.get("value") if isinstance(found, dict) else None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) else None


def _code(text: str) -> str:
    code = _header(text).get("code")
    return code if isinstance(code, str) else ""


def _header(text: str) -> dict[str, Any]:
    """What the file says; nothing where it is no TOML, which loading will say by its own."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
