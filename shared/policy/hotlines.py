"""What a merge registry means: where a dialled number leads, and what may not change. Pure (A16).

A merged number is cancelled, 12345 answers; a parallel one keeps its number and, where its seats
were kept, is put through; a subcenter keeps both (GS 二(二), XS 二, JL 四(一)).
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from shared.calendars import local
from shared.events.words import HotlineMode
from shared.jurisdictions import covers
from shared.policy.errors import FileProblem
from shared.policy.model import Pack
from shared.policy.registry import Hotline, digits
from shared.policy.values import Flag

OWN_NUMBER = "12345"
EMERGENCY_NUMBERS = ("110", "119", "120", "122")


class RouteKind(StrEnum):
    """Where a dialled number leads."""

    HERE = "here"
    """Answered by 12345's own seats."""
    KEPT_SEATS = "kept_seats"
    """Put through to the seats that its unit kept."""
    SUBCENTER = "subcenter"
    """Put through to the subcenter; 12345 answers general questions."""
    ELSEWHERE = "elsewhere"
    """No seats here: put through to the province's subcenter, or to who else answers."""
    CLOSED = "closed"
    """No seats here, and nobody named who answers."""
    EMERGENCY = "emergency"
    """Never part of 12345: the caller dials it."""
    UNKNOWN = "unknown"
    """Not a number of the registry."""


CHINESE_KINDS = {
    RouteKind.HERE: "本地 12345 热线接听",
    RouteKind.KEPT_SEATS: "转接保留的话务座席",
    RouteKind.SUBCENTER: "转接分中心",
    RouteKind.ELSEWHERE: "转接本地以外的分中心",
    RouteKind.CLOSED: "本地未开通",
    RouteKind.EMERGENCY: "紧急热线",
    RouteKind.UNKNOWN: "未列入归并清单",
}


class Route(NamedTuple):
    """Where a dialled number leads, in words too; `prompt` is what its callers hear until then."""

    number: str
    kind: RouteKind
    words: str
    source: str
    hotline: Hotline | None = None
    prompt: str | None = None


class Choice(NamedTuple):
    """One choice of the voice menu of a number that levels share."""

    key: str
    jurisdiction: str
    level: str
    words: str
    source: str


def menu(pack: Pack, jurisdiction: str) -> list[Choice]:
    """How a caller of the shared 12345 chooses the level; empty where no level shares it.

    Cities are first, since they answer first; the province comes last (JL 五(一)).
    """
    names = {level.level: level.name for level in pack.hierarchy}
    for level in pack.hierarchy:
        shared = level.shares_number_with
        if shared is None:
            continue
        province = f"{jurisdiction[:2]}0000"
        cities = [
            city
            for city in shared.value
            if covers(jurisdiction, city) or covers(city, jurisdiction)
        ]
        if not cities:
            return []
        city_words = names.get("city", "市级 12345 热线")
        places = [
            *((city, "city", city_words) for city in cities),
            (province, "province", level.name),
        ]
        return [
            Choice(str(key), place, kind, f"{words}请按 {key}", shared.source)
            for key, (place, kind, words) in enumerate(places, start=1)
        ]
    return []


def find_hotline(pack: Pack, number: str) -> Hotline | None:
    """The registry's line of a number, however its dashes and blanks are written."""
    dialled = digits(number)
    return next((one for one in pack.hotlines if digits(one.number) == dialled), None)


def route(pack: Pack, number: str, at: datetime) -> Route:
    """Where a number leads that is dialled at a moment, which must be aware.

    Implements GS 二(二), XS 二 and the remarks of both annexes.
    """
    hotline = find_hotline(pack, number)
    if hotline is None:
        return _not_listed(pack, digits(number))
    kind = _kind(hotline)
    words = _words(hotline, kind)
    if hotline.note:
        words = f"{words}。{hotline.note}"
    return Route(hotline.number, kind, words, hotline.source, hotline, _prompt(pack, hotline, at))


def registry_problems(old: Pack | None, new: Pack, *, file: str = "") -> list[FileProblem]:
    """What the registry's law in force refuses of a new version of a pack, article named.

    A new number, another name or use, a cancelled number that comes back (GS 四(四), XS 六(二),
    YN 六(一)6), kept seats that no document allows (JL 四(二)1). A jurisdiction's first list may
    name any number, `old` is then None or has no list.
    """
    known = {} if old is None else {digits(one.number): one for one in old.hotlines}
    law = new.registry if old is None else old.registry
    problems: list[FileProblem] = []
    for place, hotline in enumerate(new.hotlines):
        before = known.get(digits(hotline.number))
        checks = [_newly_kept(law.kept_needs_approval, before, hotline)]
        if known:
            checks += [
                _new_or_renamed(law.no_new, before, hotline),
                _returned(law.no_return, before, hotline),
            ]
        for field, reason in (found for check in checks for found in check):
            problems.append(FileProblem(file, f"hotlines[{place}].{field}", reason))
    return problems


def _not_listed(pack: Pack, dialled: str) -> Route:
    if dialled == OWN_NUMBER:
        return Route(dialled, RouteKind.HERE, "由 12345 热线接听", "default")
    if dialled in EMERGENCY_NUMBERS:
        words = f"{dialled} 是紧急热线，不在归并范围，请直接拨打 {dialled}"
        return Route(dialled, RouteKind.EMERGENCY, words, "default")
    annex = pack.annex
    if annex is None or not annex.listed:
        note = annex.note if annex and annex.note else f"{pack.name}没有归并清单"
        source = annex.source if annex else "default"
        return Route(dialled, RouteKind.UNKNOWN, f"不能判断该号码的去向：{note}", source)
    words = f"该号码不在{pack.name}的归并清单内，可拨打 12345"
    return Route(dialled, RouteKind.UNKNOWN, words, annex.source)


def _kind(hotline: Hotline) -> RouteKind:
    if hotline.seats == "none_here":
        return RouteKind.ELSEWHERE if hotline.served_by else RouteKind.CLOSED
    if hotline.mode is HotlineMode.SUBCENTER:
        return RouteKind.SUBCENTER
    # Seats that may be kept are in 12345 until a document keeps them (XS 二(二)).
    return RouteKind.KEPT_SEATS if hotline.seats == "kept" else RouteKind.HERE


def _words(hotline: Hotline, kind: RouteKind) -> str:
    name = f"{hotline.name}（{hotline.number}）"
    match kind:
        case RouteKind.KEPT_SEATS:
            return f"{name}双号并行，转接{hotline.unit}保留的话务座席"
        case RouteKind.SUBCENTER:
            return f"{name}由{hotline.unit}设分中心，一般性咨询由 12345 解答，其余转接分中心"
        case RouteKind.ELSEWHERE:
            return f"{name}本地不设话务座席，转接{hotline.served_by}"
        case RouteKind.CLOSED:
            return f"{name}未在本地接听，不再开通；可由 12345 受理后派单"
        case _ if hotline.mode is HotlineMode.MERGED:
            return f"{name}已取消号码，整体并入 12345，由 12345 接听"
        case _ if hotline.seats == "may_be_kept":
            return f"{name}双号并行，由 12345 接听；{hotline.unit}经批准保留话务座席的，转接其座席"
        case _:
            return f"{name}双号并行，话务座席并入 12345，由 12345 接听"


def _prompt(pack: Pack, hotline: Hotline, at: datetime) -> str | None:
    """What callers of a merged number hear until it stops (XS 五(一)(二), GS 四(三))."""
    until = pack.annex.prompt_until if pack.annex else None
    if hotline.mode is not HotlineMode.MERGED or until is None or local(at).date() > until.value:
        return None
    day = f"{until.value.year}年{until.value.month}月{until.value.day}日"
    return f"{hotline.name}已并入 12345，请拨打 12345；本号码使用至{day}"


def _new_or_renamed(
    law: Flag, before: Hotline | None, hotline: Hotline
) -> Iterator[tuple[str, str]]:
    if not law.value:
        return
    if before is None:
        yield "number", f"不得新设号码 {hotline.number}（{_article(law)}）"
        return
    for field, name in (("name", "名称"), ("use", "用途")):
        was, now = getattr(before, field), getattr(hotline, field)
        if was != now:
            kept = f"应为“{was}”" if was else "应不填"
            yield field, f"不得变更 {hotline.number} 的{name}：{kept}（{_article(law)}）"


def _returned(law: Flag, before: Hotline | None, hotline: Hotline) -> Iterator[tuple[str, str]]:
    if not law.value or before is None:
        return
    merged = HotlineMode.MERGED
    if before.seats == "none_here" != hotline.seats:
        told = f"{hotline.number} 未在本地接听，不再开通：应为 none_here（{_article(law)}）"
        yield "seats", told
    if before.mode is merged and hotline.mode is not merged:
        yield "mode", f"{hotline.number} 已取消，不再恢复：应为 merged（{_article(law)}）"


def _newly_kept(law: Flag, before: Hotline | None, hotline: Hotline) -> Iterator[tuple[str, str]]:
    was_kept = before is not None and before.seats == "kept"
    is_kept = hotline.mode is HotlineMode.PARALLEL and hotline.seats == "kept"
    if law.value and is_kept and not was_kept and hotline.approval is None:
        yield "approval", f"{hotline.number} 保留话务座席须填批准文件（{_article(law)}）"


def _article(law: Flag) -> str:
    return "平台默认" if law.source == "default" else law.source
