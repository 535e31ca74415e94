"""GeoReport v2 as it is: fields, words and spans of time, in XML and in JSON. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5
from xml.etree import ElementTree as ET

import orjson
from pydantic import HttpUrl, TypeAdapter, ValidationError

from shared.calendars import BEIJING
from shared.events.words import RequestType, State
from shared.moments import is_possible

FORMS = ("xml", "json")
CONTENT_TYPES = {
    "xml": "text/xml; charset=utf-8",
    "json": "application/json; charset=utf-8",
}
SPAN_MAX = timedelta(days=90)
"""No answer covers more than this, as GeoReport says."""
PAGE_SIZE, PAGE_SIZE_MAX = 50, 200
DIGITS_MAX = 9
PAGE_MAX = 1_000
DESCRIPTION_MAX, PLACE_MAX, NAME_MAX, URL_MAX = 4_000, 200, 50, 500
TYPE = "type"
URL = TypeAdapter(HttpUrl)
CLOSED_STATES = frozenset(
    {
        *(State.CLOSED, State.TERMINATED, State.WITHDRAWN, State.REFUSED, State.ANSWERED),
        State.HANDED_OVER,
    }
)
# Names of elements that hold lists, each with the name of what is in it.
ITEMS = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}
# What XML 1.0 cannot say.
UNSAYABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refused(Exception):
    """What GeoReport refuses: an HTTP status, words for people, and headers."""

    def __init__(
        self, status: int, description: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.headers = headers or {}


class Place(NamedTuple):
    """Where a matter is, in one of the three ways of GeoReport."""

    latitude: float | None
    longitude: float | None
    address: str | None
    address_id: str | None


class Asked(NamedTuple):
    """Which requests somebody wants to see."""

    begin: datetime
    end: datetime
    service_codes: tuple[str, ...]
    statuses: tuple[str, ...]
    numbers: tuple[str, ...]
    page: int
    page_size: int


def form_of(name: str) -> str:
    """The form of an answer. Raises `Refused`."""
    if name not in FORMS:
        raise Refused(404, f"没有 {name} 格式，可用 xml 或 json。")
    return name


def write(form: str, root: str, content: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """An answer's body: in JSON the content alone, in XML under its root element."""
    if form == "json":
        return orjson.dumps(content)
    written: bytes = ET.tostring(_element(root, content), encoding="utf-8", xml_declaration=True)
    return written


def asked_of(given: Mapping[str, str], *, now: datetime) -> Asked:
    """Which requests a query wants: the last 90 days where it does not say. Raises `Refused`."""
    begin, end = _span(given, now)
    statuses = _several(given, "status")
    if not set(statuses) <= {"open", "closed"}:
        raise Refused(400, "status 只能是 open 或 closed。")
    return Asked(
        begin,
        end,
        _several(given, "service_code"),
        statuses,
        _several(given, "service_request_id"),
        _number(given, "page", 1, PAGE_MAX),
        _number(given, "page_size", PAGE_SIZE, PAGE_SIZE_MAX),
    )


def sayable(given: dict[str, str]) -> dict[str, str]:
    """What was given, all of which can be kept. Raises `Refused`."""
    for name, value in given.items():
        if "\x00" in value:
            raise Refused(400, f"{name!r} 含有无法保存的字符（空字符），请删除后重新提交。")
    return given


def place_of(given: Mapping[str, str]) -> Place:
    """Where the matter is. Raises `Refused` where none of the three ways says it."""
    address = _words(given, "address_string", PLACE_MAX)
    address_id = _words(given, "address_id", PLACE_MAX)
    latitude, longitude = _degrees(given, "lat", 90), _degrees(given, "long", 180)
    if (latitude is None) != (longitude is None):
        raise Refused(400, "lat 和 long 须同时填写。")
    if latitude is None and address is None and address_id is None:
        raise Refused(400, "缺少地点：请填写 lat 和 long、address_string 或者 address_id。")
    return Place(latitude, longitude, address, address_id)


def filing_of(given: Mapping[str, str], place: Place, jurisdiction: str) -> dict[str, Any]:
    """The body by which intake files it. Raises `Refused`."""
    description = _words(given, "description", DESCRIPTION_MAX)
    if description is None:
        raise Refused(400, "缺少 description：请写明诉求内容。")
    media = media_of(given)
    kind = given.get(f"attribute[{TYPE}]") or RequestType.HELP
    if kind not in set(RequestType):
        known = "、".join(RequestType)
        raise Refused(400, f"attribute[{TYPE}] 只能是 {known}。")
    facts = {
        "address": place.address or place.address_id,
        "longitude": place.longitude,
        "latitude": place.latitude,
    }
    names = (_words(given, "last_name", NAME_MAX), _words(given, "first_name", NAME_MAX))
    caller = {
        "name": "".join(name for name in names if name),
        "phone": _words(given, "phone", NAME_MAX),
        "contact": _words(given, "email", PLACE_MAX),
    }
    told = {name: value for name, value in caller.items() if value}
    return {
        "jurisdiction": jurisdiction,
        "type": kind,
        "content": description if media is None else f"{description}\n附件：{media}",
        "channel": "partner",
        "category": given.get("service_code"),
        "place": {name: value for name, value in facts.items() if value is not None},
        **({"caller": told} if told else {}),
    }


def media_of(given: Mapping[str, str]) -> str | None:
    """The address of a picture, written in ASCII alone. Raises `Refused`."""
    words = _words(given, "media_url", URL_MAX)
    try:
        return None if words is None else str(URL.validate_python(words))
    except ValidationError as error:
        raise Refused(400, "media_url 应为 http 或 https 网址。") from error


def status_of(state: State) -> str:
    """Open or closed, as GeoReport knows it."""
    return "closed" if state in CLOSED_STATES else "open"


def moment(at: datetime | None) -> str | None:
    """A time as GeoReport writes it, with its zone."""
    return None if at is None else at.astimezone(BEIJING).isoformat(timespec="seconds")


def update_id(ticket_id: UUID, event: str, at: datetime) -> UUID:
    """The id of a piece of news: the same, whoever writes it down first."""
    return uuid5(ticket_id, f"{event} {at.timestamp():.6f}")


def _span(given: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    begin, end = _time(given, "start_date"), _time(given, "end_date")
    if begin is None and end is None:
        return now - SPAN_MAX, now
    if begin is None:
        assert end is not None
        begin = end - SPAN_MAX
    end = end or min(begin + SPAN_MAX, now)
    if end < begin:
        raise Refused(400, "end_date 早于 start_date。")
    if end - begin > SPAN_MAX:
        raise Refused(400, "start_date 至 end_date 最多 90 天。")
    return begin, end


def _time(given: Mapping[str, str], name: str) -> datetime | None:
    value = given.get(name)
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise Refused(400, f"{name} 不是有效的时间，例如 2026-09-30T16:20:00+08:00。") from error
    if at.tzinfo is None:
        raise Refused(400, f"{name} 须带时区，例如 2026-09-30T16:20:00+08:00。")
    if not is_possible(at):
        raise Refused(400, f"{name} 的年份应在 1900 至 2200 之间。")
    return at


def _several(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in given.get(name, "").split(",") if part.strip())


def _number(given: Mapping[str, str], name: str, default: int, most: int) -> int:
    value = given.get(name)
    if not value:
        return default
    is_small = value.isascii() and value.isdigit() and len(value) <= DIGITS_MAX
    if not is_small or not 1 <= int(value) <= most:
        raise Refused(400, f"{name} 应为 1 至 {most} 的整数。")
    return int(value)


def _degrees(given: Mapping[str, str], name: str, most: int) -> float | None:
    value = given.get(name)
    if not value:
        return None
    try:
        degrees = float(value)
    except ValueError as error:
        raise Refused(400, f"{name} 应为 -{most} 至 {most} 的数。") from error
    if not -most <= degrees <= most:
        raise Refused(400, f"{name} 应为 -{most} 至 {most} 的数。")
    return degrees


def _words(given: Mapping[str, str], name: str, most: int) -> str | None:
    value = given.get(name, "").strip()
    if len(value) > most:
        raise Refused(400, f"{name} 最多 {most} 个字。")
    return value or None


def _element(name: str, content: Any) -> ET.Element:  # noqa: ANN401  any JSON
    element = ET.Element(name)
    if isinstance(content, Mapping):
        element.extend(_element(key, value) for key, value in content.items())
    elif isinstance(content, Sequence) and not isinstance(content, str):
        element.extend(_element(ITEMS[name], item) for item in content)
    elif isinstance(content, bool):
        element.text = str(content).lower()
    elif content is not None:
        element.text = UNSAYABLE.sub("\N{REPLACEMENT CHARACTER}", str(content))
    return element
