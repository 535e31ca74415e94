"""A calendar file as events and tables keep it: JSON, and the hash that names its content."""

import json
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.calendars import ExplicitDay, Overlay
from shared.policy.calendar_files import CalendarFile
from shared.policy.values import Code, Text


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    document: Text
    jurisdiction: Code | None = None
    published_years: tuple[int, ...] = ()
    days: tuple[tuple[date, bool, str], ...] = ()


def dump_calendar(file: CalendarFile) -> dict[str, Any]:
    """A calendar file as JSON values; `restore_calendar` reads it back."""
    return {
        "document": file.document,
        "jurisdiction": file.jurisdiction,
        "published_years": sorted(file.overlay.published_years),
        "days": sorted([one.day.isoformat(), one.works, one.name] for one in file.overlay.days),
    }


def restore_calendar(data: Mapping[str, Any]) -> CalendarFile:
    """A calendar file from `dump_calendar`'s values."""
    kept = _Kept.model_validate(data)
    days = tuple(ExplicitDay(*one) for one in kept.days)
    return CalendarFile(
        kept.document, kept.jurisdiction, Overlay(days, frozenset(kept.published_years))
    )


def calendar_hash(file: CalendarFile) -> str:
    """What tells one calendar file's content from another's, whatever the order of its days."""
    words = json.dumps(dump_calendar(file), ensure_ascii=False, sort_keys=True)
    return sha256(words.encode()).hexdigest()
