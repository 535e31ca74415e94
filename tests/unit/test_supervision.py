"""The supervision ladder: as the documents write it, refused where wrong, only ever climbed."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.sla.orders.letters import ASKED
from services.sla.orders.rules import (
    OPEN_STATES,
    Cause,
    Kept,
    OrderState,
    climb,
)
from shared.events.words import OrderKind, Role, Step
from shared.jurisdictions import office_of
from shared.policy.load import builtin_packs
from shared.policy.supervision import (
    COUNTED,
    Ground,
    Happening,
    NumberForm,
    Standing,
    Supervision,
    Trigger,
    ground_after,
    grounds_of,
    kind_to_raise,
    rank,
)

MONDAY = datetime.fromisoformat("2026-03-02T09:00+08:00")
PACKS = builtin_packs()
ZIYANG = PACKS["512000"].supervision
SIGNERS = {
    "512000": {
        OrderKind.ORDER: (Role.LEADER, "ZY 13.5(3)"),
        OrderKind.INTERVIEW: (Role.COORDINATION, "ZY 25"),
        OrderKind.GOVERNMENT: (Role.LEADER, "ZY 26"),
        OrderKind.ACCOUNTABILITY: (Role.DISCIPLINE, "ZY 27"),
    },
    "620000": {
        OrderKind.ORDER: (Role.SUPERVISOR, "GS 二(三)5"),
        OrderKind.COORDINATION: (Role.SUPERVISOR, "GS 二(三)5"),
        OrderKind.INTERVIEW: (Role.SUPERVISOR, "GS 二(三)5"),
        OrderKind.ACCOUNTABILITY: (Role.DISCIPLINE, "default"),
    },
    "532800": {
        OrderKind.ORDER: (Role.SUPERVISOR, "XS 六(四)"),
        OrderKind.COORDINATION: (Role.SUPERVISOR, "XS 六(四)"),
        OrderKind.INTERVIEW: (Role.SUPERVISOR, "XS 六(四)"),
        OrderKind.ACCOUNTABILITY: (Role.DISCIPLINE, "default"),
    },
}
DEFAULT_RUNGS = [
    OrderKind.REMINDER,
    OrderKind.ORDER,
    OrderKind.INTERVIEW,
    OrderKind.GOVERNMENT,
]


@pytest.mark.parametrize("code", sorted(SIGNERS))
def test_each_rung_is_signed_by_whom_the_document_names(code: str) -> None:
    rungs = {one.kind: one.signed_by for one in PACKS[code].supervision.rungs}
    assert rungs.pop(OrderKind.REMINDER) is None, "a reminder takes effect by itself"
    assert {
        kind: (signer.value, signer.source) for kind, signer in rungs.items() if signer
    } == SIGNERS[code]


@pytest.mark.parametrize("code", ["000000", "220000", "530000"])
def test_where_a_document_has_no_rungs_the_whole_ladder_is_default(code: str) -> None:
    ladder = PACKS[code].supervision
    assert [rung.kind for rung in ladder.rungs] == DEFAULT_RUNGS
    sources = {rung.name.source for rung in ladder.rungs} | {
        ground.says.source for ground in ladder.grounds
    }
    assert sources == {"default"}


def test_every_ground_of_articles_25_to_27_is_in_the_pack() -> None:
    sources = {ground.says.source for ground in ZIYANG.grounds}
    assert sources >= {f"ZY 25.{nth}" for nth in range(1, 7)}
    assert sources >= {f"ZY 26.{nth}" for nth in range(1, 5)}
    assert sources >= {f"ZY 27.{nth}" for nth in range(1, 5)}
    kinds = {"ZY 25": OrderKind.INTERVIEW, "ZY 26": OrderKind.GOVERNMENT}
    kinds["ZY 27"] = OrderKind.ACCOUNTABILITY
    for ground in ZIYANG.grounds:
        wanted = kinds.get(ground.says.source.partition(".")[0])
        assert wanted in (None, ground.kind), ground.code


@pytest.mark.parametrize("code", sorted(PACKS))
def test_all_counts_windows_and_days_are_marked_as_ours(code: str) -> None:
    ladder = PACKS[code].supervision
    ours = [rung.answer_within.source for rung in ladder.rungs]
    ours += [rung.number.source for rung in ladder.rungs]
    ours += [ground.count.source for ground in ladder.grounds if ground.count]
    ours += [ground.window.source for ground in ladder.grounds if ground.window]
    assert set(ours) == {"default"}


def test_each_kind_of_order_has_words_for_what_is_asked() -> None:
    assert set(ASKED) == set(OrderKind)


def test_a_ground_only_for_what_is_undone_passes_over_what_was_done_late() -> None:
    late = Happening(Trigger.OVERDUE, Step.SIGN)
    undone = late._replace(is_undone=True)
    assert "overdue" not in [ground.code for ground in grounds_of(ZIYANG, late)]
    assert grounds_of(ZIYANG, undone)[0].code == "overdue", "lowest first"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"count": None}, "count"),
        ({"window": {"days": 30, "source": "default"}}, "window"),
        ({"per": "unit"}, "window"),
        ({"after": "reminder"}, "after"),
        ({"kind": "reminder", "trigger": "person", "count": None}, "reminder"),
        ({"trigger": "unanswered", "count": None, "after": "interview"}, "只升不降"),
        ({"says": {"text": "超期"}}, "source"),
        ({"colour": "red"}, "不认识的字段"),
    ],
)
def test_a_wrong_ground_is_refused(change: dict[str, Any], reason: str) -> None:
    right = {
        "code": "overdue_again",
        "kind": "order",
        "trigger": "overdue",
        "says": {"text": "再次超期", "source": "default"},
        "count": {"value": 2, "source": "default"},
    }
    assert Ground.model_validate(right).per == "ticket"
    wrong = {key: value for key, value in (right | change).items() if value is not None}
    with pytest.raises(ValidationError, match=reason):
        Ground.model_validate(wrong)


@pytest.mark.parametrize("form", ["督〔{year}〕号", "督{serial}号", "{year}{serial}{place}"])
def test_a_number_form_has_a_place_for_year_and_serial(form: str) -> None:
    with pytest.raises(ValidationError, match="须各含一处"):
        NumberForm(value=form, source="default")


def test_a_ladder_out_of_order_or_with_one_form_for_two_rungs_is_refused() -> None:
    data = ZIYANG.model_dump(mode="json")
    with pytest.raises(ValidationError, match="由低到高"):
        Supervision.model_validate(data | {"rungs": data["rungs"][::-1]})
    with pytest.raises(ValidationError, match="不在 rungs 中"):
        Supervision.model_validate(data | {"rungs": data["rungs"][:-1]})
    same = [rung | {"number": data["rungs"][0]["number"]} for rung in data["rungs"]]
    with pytest.raises(ValidationError, match="互不相同"):
        Supervision.model_validate(data | {"rungs": same})


@pytest.mark.parametrize(
    ("place", "office"),
    [
        ("512000", "512000"),
        ("512022", "512000"),
        ("512022101", "512000"),
        ("530000", "530000"),
        ("110105", "110000"),
        ("500000", "500000"),
    ],
)
def test_a_county_is_numbered_by_its_city(place: str, office: str) -> None:
    assert office_of(place) == office


ACTS = st.one_of(
    st.tuples(st.just("cause"), st.integers(0, 40), st.integers(1, 6)),
    st.tuples(
        st.sampled_from(["accept", "drop", "sign"]), st.integers(0, 40), st.sampled_from([0])
    ),
    st.tuples(st.just("wait"), st.integers(1, 40), st.sampled_from([0])),
)


@pytest.mark.parametrize("code", sorted(PACKS))
@given(acts=st.lists(ACTS, max_size=40))
def test_for_one_unit_and_matter_the_ladder_is_only_climbed(
    code: str, acts: list[tuple[str, int, int]]
) -> None:
    """Whatever comes in whatever order: never lower, and never two open on one ground."""
    pack, at = PACKS[code], MONDAY
    grounds = pack.supervision.grounds
    kept: list[Kept] = []
    for act, nth, times in acts:
        if act == "wait":
            at += timedelta(days=nth)
        elif act == "cause":
            cause = _cause(code, grounds[nth % len(grounds)], times)
            stands = [one for one in kept if one.state != OrderState.DROPPED]
            for raised in climb([cause, cause], kept, at=at):
                assert all(rank(raised.rung.kind) >= rank(OrderKind(one.kind)) for one in stands)
                ground, kind = raised.cause.ground, raised.rung.kind
                kept.append(Kept("u", "m", ground.code, kind, OrderState.DRAFT, at))
        elif kept:
            kept[nth % len(kept)] = _after(act, kept[nth % len(kept)])
        still_open = Counter(one.rule for one in kept if one.state in OPEN_STATES)
        assert all(count == 1 for count in still_open.values())


@given(standing=st.sampled_from(list(OrderKind)))
def test_what_is_below_the_rung_reached_is_raised_to_it(standing: OrderKind) -> None:
    for ground in ZIYANG.grounds:
        if ground.trigger in COUNTED:
            continue
        kind = kind_to_raise(ZIYANG, ground, Standing(reached=standing))
        assert kind is not None
        assert rank(kind) == max(
            rank(ground.kind),
            min(rank(rung.kind) for rung in ZIYANG.rungs if rank(rung.kind) >= rank(standing)),
        )


@pytest.mark.parametrize("code", sorted(PACKS))
def test_what_is_not_answered_climbs_rung_by_rung_to_an_end(code: str) -> None:
    ladder, kind, climbed = PACKS[code].supervision, OrderKind.REMINDER, [OrderKind.REMINDER]
    while ground := ground_after(ladder, kind):
        assert rank(ground.kind) > rank(kind)
        kind = ground.kind
        climbed.append(kind)
    tops = {"512000": OrderKind.GOVERNMENT, "620000": OrderKind.ACCOUNTABILITY}
    assert climbed[-1] is tops.get(code, climbed[-1])
    assert rank(climbed[-1]) >= rank(OrderKind.GOVERNMENT)


def _cause(code: str, ground: Ground, times: int) -> Cause:
    counted = ground.trigger in COUNTED
    return Cause(
        pack=PACKS[code],
        ground=ground,
        unit="u",
        matter="m",
        jurisdiction=code,
        evidence={},
        times=times if counted else None,
    )


def _after(act: str, order: Kept) -> Kept:
    states = {
        ("sign", OrderState.DRAFT): OrderState.ISSUED,
        ("drop", OrderState.DRAFT): OrderState.DROPPED,
        ("accept", OrderState.ISSUED): OrderState.ACCEPTED,
    }
    return order._replace(state=states.get((act, OrderState(order.state)), order.state))
