"""The laws of the six packs against their documents: grounds, papers, offices, scores."""

import pytest

from shared.events.words import RequestType, Role
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
EVERYWHERE = {
    "litigation",
    "arbitration",
    "reconsideration",
    "state_secret",
    "trade_secret",
    "privacy",
}
COMMON = {"discipline_inspection", "open_government", "petition_channel", "public_morals"}
EXTENSIONS = {
    "ziyang": "0? 0? 1 2? 1 2? 1 5? 1 5?",
    "xishuangbanna": "1 3= 1 5= 1 5= 2 10 2 10",
    "yunnan": "2 10 2 10 2 10 2 10 2 10",
    "gansu": "0 0 2 10 2 10 2 10 2 10",
    "jilin": "0 0 2 10 2 10 2 10 2 10",
}
"""Times and days for each type in the order of the enumeration: `?` not firm, `=` in all."""


def named(name: str) -> Pack:
    return PACKS[CODES[name]]


@pytest.mark.parametrize("name", EXTENSIONS)
def test_the_extension_law_is_the_documents(name: str) -> None:
    law = named(name).extension
    found = []
    for request in RequestType:
        rule = getattr(law, request)
        times, days = rule.times, rule.days
        whole = "=" if days.counts == "in_all" else ""
        found += [
            f"{times.value}{'' if times.firm else '?'}",
            f"{days.value}{whole}{'' if days.firm else '?'}",
        ]
    assert " ".join(found) == EXTENSIONS[name]
    assert law.asked_by.value is Role.UNIT
    assert law.decided_by.value is Role.SUPERVISOR


def test_the_extension_is_asked_and_decided_by_whom_the_document_names() -> None:
    laws = {name: named(name).extension for name in CODES}
    assert {name: law.ask_before.value for name, law in laws.items() if law.ask_before.value} == {
        "ziyang": 1
    }
    assert laws["ziyang"].asked_by.source == laws["ziyang"].told_to_caller.source == "ZY 13.3"
    assert laws["ziyang"].decided_by.source == "default"
    assert laws["xishuangbanna"].decided_by.source == "XS 三(五)"
    assert laws["yunnan"].decided_by.source == "YN 六(三)4(3)"
    assert laws["yunnan"].decided_by.text == "受理的 12345 热线工作机构"


@pytest.mark.parametrize(
    ("name", "own", "articles"),
    [
        ("jilin", COMMON, {"JL 五(二)"}),
        ("gansu", COMMON, {"GS 二(三)2"}),
        ("xishuangbanna", COMMON, {"XS 三(二)"}),
        ("national", COMMON, {"default"}),
        (
            "yunnan",
            {"emergency_110", "emergency_119", "emergency_120", "civil_dispute"}
            | {"petition_review", "party", "mass_organisation", "congress", "cppcc", "court"}
            | {"procuratorate", "army", "armed_police"},
            {"YN 六(二)2"},
        ),
        (
            "ziyang",
            COMMON
            | {"emergency_110", "emergency_119", "emergency_120", "emergency_122"}
            | {"army", "armed_police", "abuse", "unclear_request", "no_request"}
            | {"against_law", "refused_by_law"},
            {f"ZY 9.{item}" for item in range(1, 8)},
        ),
    ],
)
def test_each_ground_of_refusal_is_the_documents(
    name: str, own: set[str], articles: set[str]
) -> None:
    scope = named(name).scope
    assert {ground.code for ground in scope} == EVERYWHERE | own
    assert {ground.source for ground in scope} == articles
    assert all(ground.channel for ground in scope)


def test_return_reply_and_follow_up_law_is_the_documents() -> None:
    for name in CODES:
        pack = named(name)
        elements = [one.code for one in pack.returning.required]
        assert elements == ["reason", "legal_basis", "proposed_unit"]
        assert [one.code for one in pack.reply.required] == [
            "findings",
            "basis",
            "result",
            "contact",
        ]
        assert pack.returning.late_counts_overdue.value
        assert pack.returning.precedent_forbids.value
        assert pack.follow_up.counts_as.value == "basically_satisfied"
        assert (pack.follow_up.lapse.amount, pack.follow_up.lapse.source) == (5, "default")
        assert pack.pauses == ()
    ziyang = named("ziyang")
    assert ziyang.returning.late_counts_overdue.source == "ZY 13.2"
    assert ziyang.returning.precedent_forbids.source == "ZY 13.5(5)"
    assert {one.source for one in ziyang.returning.required} == {"ZY 13.2"}
    assert ziyang.follow_up.counts_as.source == "ZY 14.1"
    assert [one.source for one in ziyang.follow_up.ways] == ["ZY 14"] * 3
    assert ziyang.reply.reviewed.source == "ZY 13"
    assert named("xishuangbanna").returning.late_counts_overdue.source == "default"


def test_the_indicators_are_the_documents_and_their_weights_are_ours() -> None:
    found = {
        name: [(one.code, one.source, one.weight.value) for one in named(name).assessment]
        for name in CODES
    }
    five = ("response", "handling", "feedback", "knowledge", "active_governance")
    assert found["ziyang"] == [(code, "ZY 30", 0.2) for code in five]
    two = ("resolution", "satisfaction")
    sources = {"gansu": "GS 二(三)6", "xishuangbanna": "XS 六(四)"}
    for name in ("gansu", "xishuangbanna", "jilin", "yunnan", "national"):
        assert found[name] == [(code, sources.get(name, "default"), 0.5) for code in two]
    for name in CODES:
        for one in named(name).assessment:
            assert one.weight.source == one.full_marks.source == one.formula.source == "default"


def test_each_level_names_who_runs_the_hotline() -> None:
    found = {
        name: {one.level: (one.source, one.duty.source) for one in named(name).hierarchy}
        for name in CODES
    }
    levels = ("province", "city", "county", "township")
    assert found == {
        "national": dict.fromkeys(levels, ("default", "default")),
        "ziyang": {
            level: (f"ZY {article}", f"ZY {article}")
            for article, level in enumerate(
                ("government", "city", "county", "township", "unit"), start=4
            )
        },
        "xishuangbanna": {
            "city": ("XS 三(一)", "XS 三(一)"),
            "county": ("XS 六(一)", "XS 三(一)"),
            "unit": ("XS 三(三)", "XS 三(三)"),
            "subcenter": ("XS 二(三)", "XS 二(三)"),
        },
        "yunnan": {
            "province": ("YN 六(一)2", "YN 六(二)1"),
            "city": ("YN 六(一)2", "YN 六(二)1"),
            "county": ("YN 六(三)", "YN 六(三)"),
        },
        "gansu": {
            "government": ("GS 四(一)", "GS 四(一)"),
            "province": ("GS 二(三)1", "GS 二(三)3"),
            "city": ("GS 二(三)1", "GS 二(三)3"),
            "county": ("GS 二(一)1", "GS 二(一)1"),
            "subcenter": ("GS 二(二)3", "GS 二(三)3"),
        },
        "jilin": {
            "province": ("JL 六(一)", "JL 五(一)"),
            "city": ("JL 六(一)", "JL 五(一)"),
            "unit": ("JL 六(一)", "JL 六(一)"),
        },
    }


def test_numbers_of_the_hierarchy_are_the_documents() -> None:
    platforms = [one.platforms for one in named("yunnan").hierarchy if one.platforms]
    assert [(one.value, one.source) for one in platforms] == [
        (1, "YN 六(一)1"),
        (16, "YN 六(一)1"),
    ]
    shared = named("jilin").hierarchy[0].shares_number_with
    assert shared is not None
    assert (shared.value, shared.source) == (("220100",), "JL 五(一)")
    assert named("xishuangbanna").hierarchy[0].unit == "州政府办公室"
    assert named("ziyang").hierarchy[1].unit == "市政务服务大数据管理局"
