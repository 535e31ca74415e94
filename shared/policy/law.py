"""The law that a process knows: every version of every pack, and the calendar of every place.

Pure and frozen: a service reads its tables into a `Law`, and makes a new one when they grow.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from types import MappingProxyType

from shared.calendars import Calendar, Overlay, local, national_calendar, with_overlays
from shared.jurisdictions import covers, prefix
from shared.policy.calendar_files import CalendarFile
from shared.policy.load import builtin_packs, in_force, nearest_code
from shared.policy.model import Pack

PLACES_KEPT_MAX = 8192
CALENDARS_KEPT_MAX = 256


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """What is in force where and when; made by `make_law`."""

    versions: Mapping[str, tuple[Pack, ...]]
    by_hash: Mapping[str, Pack]
    calendar_files: tuple[CalendarFile, ...]

    def pack(self, content_hash: str) -> Pack | None:
        """The pack that a ticket or an event names; None where it was not heard of yet."""
        return self.by_hash.get(content_hash)

    def in_force(self, jurisdiction: str, accepted_at: datetime) -> Pack:
        """The pack of the place or of its nearest ancestor, in the version of that day (C1).

        Raises ValueError for a code that is none, or for a naive time.
        """
        return _in_force_on(self, jurisdiction, local(accepted_at).date())

    def calendar(self, jurisdiction: str) -> Calendar:
        """The country's days with the files that cover the place, the innermost on top (C6).

        The hours are the country's; `shared.policy.deadlines` puts the pack's own on.
        """
        return _calendar_of(self, jurisdiction)


def make_law(packs: Iterable[Pack], calendar_files: Iterable[CalendarFile] = ()) -> Law:
    """The law from all versions ever published and all calendar files, each in order.

    Of two versions of one day of effect, and of two files that name one day, the later holds.
    """
    versions: dict[str, list[Pack]] = {}
    by_hash: dict[str, Pack] = {}
    for pack in packs:
        versions.setdefault(pack.code, []).append(pack)
        by_hash[pack.content_hash] = pack
    return Law(
        versions=MappingProxyType({code: tuple(same) for code, same in versions.items()}),
        by_hash=MappingProxyType(by_hash),
        calendar_files=tuple(calendar_files),
    )


@cache
def builtin_law() -> Law:
    """The law of a platform to which nothing was published yet."""
    return make_law(builtin_packs().values())


@lru_cache(maxsize=PLACES_KEPT_MAX)
def _in_force_on(law: Law, jurisdiction: str, day: date) -> Pack:
    return in_force(law.versions[nearest_code(jurisdiction, law.versions)], day)


@lru_cache(maxsize=PLACES_KEPT_MAX)
def _calendar_of(law: Law, jurisdiction: str) -> Calendar:
    covering = [
        file
        for file in law.calendar_files
        if file.jurisdiction is None or covers(file.jurisdiction, jurisdiction)
    ]
    # The sort is stable: of one place's files the later one stays on top.
    covering.sort(key=lambda file: len(prefix(file.jurisdiction or "")))
    return _laid_over(tuple(file.overlay for file in covering))


@lru_cache(maxsize=CALENDARS_KEPT_MAX)
def _laid_over(overlays: tuple[Overlay, ...]) -> Calendar:
    return with_overlays(national_calendar(), *overlays) if overlays else national_calendar()
