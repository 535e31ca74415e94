"""Every time of the six packs against its document: when it is due, and by which article."""

from datetime import datetime

import pytest

from shared.calendars import BEIJING, national_calendar
from shared.events.words import RequestType, Step, Urgency
from shared.policy.deadlines import Matter, Moments, deadlines, limit_deadline
from shared.policy.load import builtin_packs
from shared.policy.model import Pack

PACKS = builtin_packs()
CODES = {
    "national": "000000",
    "ziyang": "512000",
    "xishuangbanna": "532800",
    "yunnan": "530000",
    "gansu": "620000",
    "jilin": "220000",
}
# A Wednesday with four ordinary weeks before it and after it.
WEDNESDAY = "03-04 10:00"


def named(name: str) -> Pack:
    return PACKS[CODES[name]]


def moment(text: str) -> datetime:
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=BEIJING)


def due(name: str, matter: Matter, accepted: str = WEDNESDAY) -> dict[Step, tuple[str, str]]:
    pack = named(name)
    found = deadlines(pack, national_calendar(), matter, Moments(moment(accepted)))
    return {step: (f"{one.due_at:%m-%d %H:%M}", one.source) for step, one in found.items()}


@pytest.mark.parametrize(
    ("name", "dispatch", "urgent_dispatch", "sign", "returned"),
    [
        (
            "ziyang",
            ("03-04 12:00", "ZY 13.1"),
            ("03-04 12:00", "ZY 13.1"),
            ("03-04 16:30", "ZY 13.2"),
            ("03-05 17:30", "ZY 13.2"),
        ),
        (
            "xishuangbanna",
            ("03-05 00:00", "XS 三(四)"),
            ("03-04 11:00", "default"),
            ("03-04 12:00", "XS 三(四)"),
            ("03-05 10:00", "XS 三(四)"),
        ),
        (
            "yunnan",
            ("03-05 00:00", "YN 六(三)3"),
            ("03-05 00:00", "YN 六(三)3"),
            ("03-04 12:00", "YN 六(三)3"),
            ("03-05 10:00", "YN 六(三)3"),
        ),
        (
            "gansu",
            ("03-05 00:00", "default"),
            ("03-04 11:00", "default"),
            ("03-04 12:00", "default"),
            ("03-05 10:00", "default"),
        ),
    ],
)
def test_dispatch_sign_and_return_are_due_as_the_document_says(
    name: str,
    dispatch: tuple[str, str],
    urgent_dispatch: tuple[str, str],
    sign: tuple[str, str],
    returned: tuple[str, str],
) -> None:
    inquiry = due(name, Matter(RequestType.INQUIRY))
    assert inquiry[Step.DISPATCH] == dispatch
    assert inquiry[Step.SIGN] == sign
    assert inquiry[Step.RETURN] == returned
    at_once = (
        Matter(RequestType.COMPLAINT),
        Matter(RequestType.REPORT),
        Matter(RequestType.INQUIRY, enforcement=True),
    )
    for matter in at_once:
        assert due(name, matter)[Step.DISPATCH] == urgent_dispatch


@pytest.mark.parametrize(
    ("name", "days", "sources"),
    [
        (
            "ziyang",
            ("03-05", "03-11", "03-11", "03-13", "03-13"),
            ("ZY 13.2",) * 5,
        ),
        (
            "xishuangbanna",
            ("03-05", "03-09", "03-09", "03-25", "03-25"),
            ("XS 三(五)",) * 5,
        ),
        (
            "yunnan",
            ("03-11", "03-11", "03-11", "03-25", "03-25"),
            ("YN 六(三)4(1)",) * 3 + ("YN 六(三)4(2)",) * 2,
        ),
        ("gansu", ("03-05", "03-11", "03-11", "03-25", "03-25"), ("default",) * 5),
        ("jilin", ("03-05", "03-11", "03-11", "03-25", "03-25"), ("default",) * 5),
    ],
)
def test_handling_is_due_as_the_document_says(
    name: str, days: tuple[str, ...], sources: tuple[str, ...]
) -> None:
    found = [due(name, Matter(request))[Step.HANDLE] for request in RequestType]
    expected = [(f"{day} 17:30", source) for day, source in zip(days, sources, strict=True)]
    assert found == expected


@pytest.mark.parametrize(
    ("urgency", "respond", "result"),
    [
        (Urgency.SPECIAL, "03-04 12:00", "03-06 17:30"),
        (Urgency.CRITICAL, "03-04 11:00", "03-05 17:30"),
    ],
)
def test_only_ziyang_has_times_for_emergencies(urgency: Urgency, respond: str, result: str) -> None:
    matter = Matter(RequestType.HELP, urgency)
    ziyang = due("ziyang", matter)
    assert ziyang[Step.DISPATCH] == ("03-04 10:15", "default")
    assert ziyang[Step.RESPOND] == ziyang[Step.SIGN] == (respond, "ZY 13.4")
    assert ziyang[Step.RESULT] == (result, "ZY 13.4")
    for name in ("xishuangbanna", "yunnan", "gansu", "jilin", "national"):
        assert due(name, matter) == due(name, Matter(RequestType.HELP))


@pytest.mark.parametrize(
    ("name", "accepted", "dispatched"),
    [
        ("xishuangbanna", "03-07 09:00", "03-09 10:00"),
        ("xishuangbanna", "03-04 07:00", "03-04 10:00"),
        ("yunnan", "03-07 17:59", "03-08 00:00"),
        ("yunnan", "03-07 18:00", "03-08 10:00"),
        ("gansu", "03-06 17:30", "03-09 10:00"),
    ],
)
def test_what_comes_out_of_hours_goes_out_in_the_morning(
    name: str, accepted: str, dispatched: str
) -> None:
    assert due(name, Matter(RequestType.HELP), accepted)[Step.DISPATCH][0] == dispatched


def test_the_other_times_are_due_as_the_documents_say() -> None:
    calendar = national_calendar()

    def at(name: str, field: str, start: str) -> tuple[str, str]:
        limit = getattr(named(name), field)
        found = limit_deadline(named(name), calendar, limit, moment(start), since="x")
        return f"{found.due_at:%m-%d %H:%M}", found.source

    assert at("yunnan", "forward", "03-04 10:00") == ("03-04 11:00", "YN 六(三)2")
    assert at("yunnan", "forward", "03-04 21:00") == ("03-05 10:00", "YN 六(三)2")
    assert at("ziyang", "verify", "03-04 10:00") == ("03-05 17:30", "default")
    interim = named("ziyang").interim
    assert interim is not None
    found = limit_deadline(
        named("ziyang"), calendar, interim.progress, moment(WEDNESDAY), since="the last report"
    )
    assert (f"{found.due_at:%m-%d %H:%M}", found.source) == ("03-25 17:30", "ZY 13.3")
    assert {one.source for one in (*interim.grounds, *interim.required)} == {"ZY 13.3"}
    assert all(named(name).interim is None for name in CODES if name != "ziyang")
