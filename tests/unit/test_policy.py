"""Packs: what they inherit, what is refused and how, and which one a place and a moment have."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.calendars import BEIJING
from shared.policy.errors import PolicyFileError
from shared.policy.law import make_law
from shared.policy.load import (
    builtin_packs,
    dump_pack,
    load_packs,
    pack_for,
    resolve_packs,
    restore_pack,
)
from shared.policy.model import Pack

FOLDER = Path(__file__).parents[2] / "shared" / "policy"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.toml")}
CHILD = 'code = "530100"\nname = "昆明市"\ndocument = "试行"\nversion = "1"\n' + (
    'effective_from = { value = 2024-05-01, source = "KM 9" }\n'
)


def refusal(text: str, file: str = "ziyang.toml") -> str:
    with pytest.raises(PolicyFileError) as caught:
        resolve_packs({**TEXTS, file: text})
    return str(caught.value)


def changed(file: str, old: str, new: str) -> str:
    assert old in TEXTS[file]
    return TEXTS[file].replace(old, new)


def sources(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "source" in value:
            yield str(value["source"])
        for item in value.values():
            yield from sources(item)
    elif isinstance(value, list):
        for item in value:
            yield from sources(item)


def test_six_packs_come_with_their_dates_of_effect() -> None:
    effect = {code: pack.effective_from for code, pack in builtin_packs().items()}
    days = {code: (value.value.isoformat(), value.source) for code, value in effect.items()}
    assert days == {
        "000000": ("2020-12-28", "default"),
        "620000": ("2021-03-23", "GS"),
        "220000": ("2021-04-07", "JL"),
        "530000": ("2019-01-01", "default"),
        "532800": ("2021-09-01", "default"),
        "512000": ("2022-11-25", "ZY 37"),
    }


@pytest.mark.parametrize(
    ("code", "prefixes"),
    [
        ("000000", set()),
        ("620000", {"GS"}),
        ("220000", {"JL"}),
        ("530000", {"YN"}),
        ("532800", {"XS"}),
        ("512000", {"ZY"}),
    ],
)
def test_a_pack_cites_only_its_own_document(code: str, prefixes: set[str]) -> None:
    cited = {source.split()[0] for source in sources(dump_pack(builtin_packs()[code]))}
    assert cited == prefixes | {"default"}


def test_what_is_inherited_is_marked_default_with_the_pack_that_said_it() -> None:
    packs = builtin_packs()
    xishuangbanna = packs["532800"]
    assert xishuangbanna.handle.starts.value == "sign"
    assert xishuangbanna.handle.starts.source == "default"
    assert xishuangbanna.handle.starts.inherited_from == "530000"
    assert xishuangbanna.follow_up.lapse.inherited_from == "000000"
    assert xishuangbanna.forward is not None
    assert xishuangbanna.forward.source == "default"
    assert xishuangbanna.handle.help.source == "XS 三(五)"
    assert xishuangbanna.handle.help.inherited_from is None
    gansu = dump_pack(packs["620000"])
    assert set(sources(gansu["handle"])) == {"default"}


def test_a_list_replaces_the_whole_list_of_the_parent() -> None:
    codes = {code: {ground.code for ground in pack.scope} for code, pack in builtin_packs().items()}
    everywhere = {"litigation", "arbitration", "reconsideration", "state_secret", "privacy"}
    assert all(everywhere <= grounds for grounds in codes.values())
    shared = {"discipline_inspection", "open_government", "petition_channel", "public_morals"}
    assert all(shared <= codes[code] for code in ("220000", "620000", "532800", "512000"))
    assert not shared & codes["530000"]
    assert {"petition_review", "party", "congress", "cppcc", "civil_dispute"} <= codes["530000"]
    assert "party" not in codes["532800"]
    assert {"emergency_122", "abuse", "no_request", "refused_by_law"} <= codes["512000"]
    assert [len(codes[code]) for code in ("000000", "530000", "512000")] == [10, 19, 21]


def test_every_ground_of_refusal_has_an_article_and_sends_the_caller_somewhere() -> None:
    for code, pack in builtin_packs().items():
        for ground in pack.scope:
            assert (ground.source == "default") == (code == "000000")
            assert len(ground.channel) > 5


def test_the_nearest_ancestor_has_the_pack() -> None:
    wanted = {
        "530100": "530000",
        "532801": "532800",
        "532801001": "532800",
        "220100": "220000",
        "511300": "000000",
        "512002": "512000",
        "512000": "512000",
    }
    assert {code: pack_for(code).code for code in wanted} == wanted
    for wrong in ("5120", "51200x", "512000000000000", ""):
        with pytest.raises(ValueError, match="行政区划代码"):
            pack_for(wrong)


def test_a_city_is_added_by_a_file_alone(tmp_path: Path) -> None:
    sign = 'sign = { amount = 4, unit = "hours", hours = "working", source = "KM 5" }\n'
    (tmp_path / "kunming.toml").write_text(CHILD + sign, encoding="utf-8")
    packs = load_packs(tmp_path / "kunming.toml")
    kunming = pack_for("530102", packs)
    assert (kunming.code, kunming.parent) == ("530100", "530000")
    assert (kunming.sign.amount, kunming.sign.source) == (4, "KM 5")
    assert (kunming.handle.complaint.amount, kunming.handle.complaint.source) == (15, "default")
    assert packs["530000"] == builtin_packs()["530000"]


def test_a_file_replaces_the_pack_of_its_code_and_its_children_follow() -> None:
    text = changed("yunnan.toml", 'starts = { value = "sign"', 'starts = { value = "dispatch"')
    packs = resolve_packs(TEXTS, {"mine.toml": text})
    assert packs["532800"].handle.starts.value == "dispatch"
    assert packs["532800"].content_hash != builtin_packs()["532800"].content_hash


@pytest.mark.parametrize(
    ("old", "new", "field", "allowed"),
    [
        ('hours = "working"', 'hours = "work"', "sign.hours", "'clock'、'working'"),
        ("[handle]", "[handle]\nadvice = 1", "handle.advice", "inquiry、help"),
        ("[interim]", "[intermission]", "intermission", "interim"),
        ("amount = 5,", "amount = 0,", "sign.amount", "应大于 0（现为 0）"),
        ("amount = 5,", 'amount = "5",', "sign.amount", "应为整数"),
        ('source = "ZY 37"', 'source = "第37条"', "effective_from.source", "ZY 13.2"),
        ("2022-11-25", '"soon"', "effective_from.value", "应为日期"),
        ('"special", "critical"', '"urgent"', "dispatch[0].when.urgency[0]", "'special'"),
        ('opens = "00:00"', 'opens = "25:00"', "staffed.opens", "00:00 至 24:00"),
        ('"close"', '"noon"', "counting.day_ends.value", "'close'、'midnight'"),
        ('parent = "000000"', 'parent = "510000"', "parent", "000000、220000"),
        ('code = "army"', 'code = "armed_police"', "ziyang.toml", "code 重复"),
        ("told_to_caller = { value = true", "told_to_caller = { value = 1", "value", "true"),
        ('unit = "hours", hours', 'unit = "working_days", hours', "sign", "只用于 minutes"),
        ('code = "512000"', 'code = "ziyang"', "code", "六位"),
        ("[interim]", '[interim]\ninherited_from = "530000"', "interim.inherited_from", "不得"),
        ('document = "', "document = ", "ziyang.toml", "TOML"),
    ],
)
def test_a_wrong_pack_is_refused_with_file_field_and_what_is_allowed(
    old: str, new: str, field: str, allowed: str
) -> None:
    counting = '[counting]\nhours = { value = "clock", source = "default" }\n' + (
        'day_ends = { value = "close", source = "default" }\n\n[[dispatch]]'
    )
    text = TEXTS["ziyang.toml"].replace("[[dispatch]]", counting, 1)
    assert old in text
    message = refusal(text.replace(old, new, 1))
    assert "ziyang.toml" in message
    assert field in message
    assert allowed in message


def test_every_problem_of_every_file_is_told_and_nothing_is_loaded() -> None:
    ziyang = changed("ziyang.toml", "amount = 7", "amount = -7")
    with pytest.raises(PolicyFileError) as caught:
        resolve_packs({**TEXTS, "ziyang.toml": ziyang, "again.toml": TEXTS["gansu.toml"]})
    found = {(problem.file, problem.field) for problem in caught.value.problems}
    assert ("ziyang.toml", "handle.complaint.amount") in found
    assert ("ziyang.toml", "handle.report.amount") in found
    assert any(field == "code" for _, field in found)


def test_parents_in_a_circle_are_refused() -> None:
    circle = changed("yunnan.toml", 'parent = "000000"', 'parent = "532800"')
    assert "上级成环" in refusal(circle, "yunnan.toml")
    itself = changed("yunnan.toml", 'parent = "000000"', 'parent = "530000"')
    assert "上级成环：530000 → 530000" in refusal(itself, "yunnan.toml")


def test_a_set_without_the_national_default_is_refused() -> None:
    with pytest.raises(PolicyFileError, match="没有这个上级"):
        resolve_packs({"gansu.toml": TEXTS["gansu.toml"]})


def test_each_dispatch_list_ends_with_a_rule_for_all() -> None:
    text = changed("xishuangbanna.toml", "[[dispatch]]\nlimit = { way", "[[dispatch]]\nlimit = { y")
    assert "dispatch[2].limit" in refusal(text, "xishuangbanna.toml")
    only = 'when = { enforcement = true }\nlimit = { way = "same_working_day"'
    text = changed("xishuangbanna.toml", 'limit = { way = "same_working_day"', only)
    assert "最后一条不得带 when" in refusal(text, "xishuangbanna.toml")


def test_a_resolved_pack_survives_its_event() -> None:
    for pack in builtin_packs().values():
        again = restore_pack(dump_pack(pack))
        assert (again, hash(again)) == (pack, hash(pack))
        assert again.hours == pack.hours


def test_a_ticket_keeps_the_version_that_was_in_force() -> None:
    first = builtin_packs()["512000"]
    data = dump_pack(first)
    second = Pack.model_validate(
        {**data, "version": "2", "effective_from": {"value": "2026-07-01", "source": "ZY 37"}}
    )
    law = make_law([*builtin_packs().values(), second])
    midnight = datetime(2026, 7, 1, tzinfo=BEIJING)
    assert law.in_force("512000", midnight).version == "2"
    assert law.in_force("512000", midnight - timedelta(seconds=1)).version == "1"
    assert law.in_force("512000", datetime(2010, 1, 1, tzinfo=BEIJING)).version == "1"
