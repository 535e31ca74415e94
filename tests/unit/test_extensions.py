"""The law of extensions: who may have more time, how often, how long, asked by when."""

from datetime import datetime

import pytest

from shared.calendars import BEIJING, national_calendar
from shared.events.words import RequestType
from shared.policy.deadlines import (
    extended,
    extension_ask_by,
    extension_days_max,
    extension_rule,
)
from shared.policy.load import dump_pack, pack_for
from shared.policy.model import Pack

CALENDAR = national_calendar()
ZIYANG, XISHUANGBANNA, YUNNAN = pack_for("512000"), pack_for("532800"), pack_for("530000")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def test_an_extension_counts_from_the_deadline_that_it_moves() -> None:
    friday = at("2026-03-06T17:30")
    assert extended(ZIYANG, CALENDAR, friday, 2).due_at == at("2026-03-10T17:30")
    assert extension_ask_by(ZIYANG, CALENDAR, friday) == at("2026-03-05T17:30")
    assert extension_ask_by(YUNNAN, CALENDAR, friday) == friday
    # 8 October is the first working day after the holiday; the one before it is 30 September.
    assert extension_ask_by(ZIYANG, CALENDAR, at("2026-10-08T17:30")) == at("2026-09-30T17:30")


def test_a_deadline_at_midnight_belongs_to_the_day_that_it_ends() -> None:
    data = dump_pack(ZIYANG)
    data["counting"]["day_ends"] = {"value": "midnight", "source": "ZY"}
    pack = Pack.model_validate(data)
    thursday_ends = at("2026-03-06T00:00")
    assert extended(pack, CALENDAR, thursday_ends, 1).due_at == at("2026-03-07T00:00")
    assert extension_ask_by(pack, CALENDAR, thursday_ends) == at("2026-03-05T00:00")
    monday_ends = at("2026-03-10T00:00")
    assert extension_ask_by(pack, CALENDAR, monday_ends) == at("2026-03-07T00:00")


@pytest.mark.parametrize(
    ("pack", "kind", "granted", "days"),
    [
        (ZIYANG, "inquiry", [], 0),
        (ZIYANG, "help", [], 2),
        (ZIYANG, "complaint", [], 5),
        (ZIYANG, "complaint", [5], 0),
        (XISHUANGBANNA, "inquiry", [], 2),
        (XISHUANGBANNA, "suggestion", [], 2),
        (XISHUANGBANNA, "help", [1], 0),
        (XISHUANGBANNA, "report", [10], 10),
        (XISHUANGBANNA, "report", [10, 10], 0),
        (YUNNAN, "inquiry", [], 10),
        (YUNNAN, "help", [10], 10),
        (pack_for("620000"), "inquiry", [], 0),
        (pack_for("620000"), "report", [10], 10),
    ],
)
def test_how_long_the_next_extension_may_be(
    pack: Pack, kind: str, granted: list[int], days: int
) -> None:
    assert extension_days_max(pack, RequestType(kind), granted) == days


def test_ziyang_speaks_in_principle_and_xishuangbanna_firmly() -> None:
    assert not extension_rule(ZIYANG, RequestType.INQUIRY).times.firm
    assert not extension_rule(ZIYANG, RequestType.HELP).days.firm
    assert extension_rule(ZIYANG, RequestType.HELP).times.firm
    assert extension_rule(XISHUANGBANNA, RequestType.HELP).days.firm
