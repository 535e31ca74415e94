"""What a model must have shown, what it is made of, and what it says of a text."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.suggestions.features import count, normalise, places, word_of
from services.dispatch.suggestions.held_back import Example, Outcome, folds, judge, measure
from services.dispatch.suggestions.learned import (
    BadModel,
    Head,
    Learned,
    confidences,
    dump,
    encode,
    guess,
    load,
    suggest,
)
from services.dispatch.suggestions.rules import (
    HELD_BACK_MIN,
    PRECISION,
    Place,
    Waiting,
    find_threshold,
    is_sure,
    last_night,
    may_dispatch,
    open_units,
)
from shared.calendars import BEIJING
from shared.events.words import State, Urgency

HELD_BACK = st.lists(
    st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.sampled_from([True] * 9 + [False])),
    max_size=400,
)
SOMETIME = datetime(2026, 1, 1, tzinfo=UTC)
CALM = Waiting(State.ACCEPTED, Urgency.NORMAL, None, ())


def model(*, threshold: float | None = None) -> Learned:
    """A model that knows two units by a pair of characters each."""
    codes = np.unique(np.concatenate([count("停水").codes, count("房产").codes]))
    weights = np.zeros((len(codes), 2), dtype=np.float32)
    for place, code in enumerate(codes):
        weights[place] = (2, 0) if word_of(int(code)) in "停水" else (0, 2)
    seen = np.where(weights > 0, 30, 10).astype(np.uint32)
    biases = np.zeros(2, dtype=np.float32)
    examples = np.array([40, 60], dtype=np.uint32)
    head = Head(("housing", "water")[::-1], weights, biases, seen, examples, 0.5, threshold, {})
    return Learned(codes, np.ones(len(codes), dtype=np.float32), {"unit": head}, {"examples": 100})


@given(HELD_BACK)
def test_a_threshold_reaches_its_precision_and_no_smaller_one_does(
    held_back: list[tuple[float, bool]],
) -> None:
    def is_enough(threshold: float) -> bool:
        above = [right for confidence, right in held_back if confidence >= threshold]
        return len(above) >= HELD_BACK_MIN and sum(above) >= PRECISION * len(above)

    good = [confidence for confidence, _ in held_back if is_enough(confidence)]
    assert find_threshold(held_back) == (min(good) if good else None)


def test_what_is_never_right_enough_never_acts() -> None:
    assert find_threshold([(0.99, n % 10 != 0) for n in range(1000)]) is None
    assert find_threshold([(0.99, True)] * (HELD_BACK_MIN - 1)) is None
    assert find_threshold([(0.99, True)] * HELD_BACK_MIN) == 0.99


@pytest.mark.parametrize(
    "waiting",
    [
        CALM._replace(urgency=Urgency.SPECIAL),
        CALM._replace(urgency=Urgency.CRITICAL),
        CALM._replace(about_unit="512000-water"),
        CALM._replace(returned_by={"512000-water"}),
        CALM._replace(state=State.DISPATCHED),
    ],
)
def test_what_a_person_must_decide_is_never_dispatched_alone(waiting: Waiting) -> None:
    assert may_dispatch(CALM)
    assert not may_dispatch(waiting)


def test_nothing_is_sure_below_the_threshold_without_one_or_unclaimed() -> None:
    assert is_sure(0.9, True, threshold=0.9)
    assert not is_sure(0.89, True, threshold=0.9)
    assert not is_sure(1.0, True, threshold=None)
    assert not is_sure(1.0, False, threshold=0.9)


def test_only_active_units_of_the_place_are_open() -> None:
    units = {
        "city": Place("512000", True),
        "county": Place("512021", True),
        "closed": Place("512000", False),
        "elsewhere": Place("620000", True),
    }
    assert open_units(units, "512021") == {"city", "county"}
    assert open_units(units, "512002") == {"city"}
    assert open_units(units, "512021", excluded={"city"}) == {"county"}


@given(st.integers(0, 366 * 24 * 60).map(lambda minutes: SOMETIME + timedelta(minutes=minutes)))
def test_the_last_night_is_two_in_the_morning_and_less_than_a_day_ago(now: datetime) -> None:
    night = last_night(now)
    assert timedelta(0) <= now - night < timedelta(days=1)
    local = night.astimezone(BEIJING)
    assert (local.hour, local.minute, local.second) == (2, 0, 0)


def test_texts_are_the_same_whatever_their_width_spaces_marks_and_numbers() -> None:
    assert normalise("Ｗａｔｅｒ 停水３天，\n急！") == "water停水0天急"
    assert normalise("water停水15天急") == "water停水0天急"


@given(st.text(max_size=60))
def test_every_code_can_be_read_again(text: str) -> None:
    counted = count(text)
    plain = normalise(text)
    words = {*plain, *(plain[n : n + 2] for n in range(len(plain) - 1))}
    assert {word_of(int(code)) for code in counted.codes} == words
    assert counted.counts.sum() == max(0, 2 * len(plain) - 1)


def test_a_place_is_province_city_and_county_and_no_word() -> None:
    assert len(places("512021")) == 3
    assert len(places("512000")) == 2
    assert set(places("512000")) < set(places("512021"))
    assert [word_of(int(code)) for code in places("512021")] == [""] * 3
    assert len(places("")) == 0


def test_a_model_is_read_again_as_it_was_written() -> None:
    learned = model(threshold=0.8)
    again = load(dump(learned))
    assert again.heads["unit"].classes == learned.heads["unit"].classes
    assert again.heads["unit"].threshold == 0.8
    for text in ("停水三天", "房产证", "别的事", ""):
        told, wanted = (
            guess(one.heads["unit"], one, encode(one, text)) for one in (again, learned)
        )
        assert told == wanted


def test_a_damaged_model_is_refused_in_chinese() -> None:
    data = dump(model())
    for broken in (b"", b"\x80\x04pickle", data[:-1], data[:60] + b"x" + data[61:]):
        with pytest.raises(BadModel, match=r"[\u4e00-\u9fff]"):
            load(broken)


def test_a_guess_tells_its_confidence_and_its_grounds() -> None:
    learned = model()
    first, second = guess(learned.heads["unit"], learned, encode(learned, "停水三天"))
    assert (first.value, first.examples) == ("water", 40)
    assert first.confidence + second.confidence == pytest.approx(1)
    assert first.confidence > 0.9
    assert [tuple(ground) for ground in first.grounds] == [("停水", 30, 40)]
    assert second.grounds == []


def test_confidence_is_shared_among_the_units_that_may_have_the_ticket() -> None:
    units = {"water": Place("512000", False), "housing": Place("512000", True)}
    told = suggest(model(), "停水三天", "512021", units=units)
    assert [(one.value, one.confidence) for one in told.units] == [("housing", 1.0)]
    assert suggest(model(), "停水三天", "620000", units=units).units == []


def test_an_empty_or_unknown_text_is_answered_with_no_conviction() -> None:
    learned = model()
    for text in ("", "𠮷", "🙂🙂", "，。！"):
        told = guess(learned.heads["unit"], learned, encode(learned, text))
        assert [one.confidence for one in told] == [0.5, 0.5]


def test_equal_texts_are_held_back_together() -> None:
    texts = [f"第{'一二三四五六七八九十'[n % 10]}件" for n in range(40)]
    examples = [Example(text, "", {"label": "甲乙"[n % 2]}) for n, text in enumerate(texts)]
    parts = folds(examples, "label", is_in_order=False)
    assert sorted(int(one) for part in parts for one in part) == list(range(40))
    homes: dict[str, set[int]] = {}
    for number, part in enumerate(parts):
        for one in part:
            homes.setdefault(texts[one], set()).add(number)
    assert {len(home) for home in homes.values()} == {1}


def test_history_is_held_back_in_the_order_of_time() -> None:
    examples = [Example(str(n), "", {"unit": "甲"}) for n in range(50)]
    parts = folds(examples, "unit", is_in_order=True)
    assert [list(part) for part in parts] == [list(range(n, n + 10)) for n in range(0, 50, 10)]
    many = examples * 101
    (newest,) = folds(many, "unit", is_in_order=True)
    assert list(newest) == list(range(len(many) * 4 // 5, len(many)))


def test_measures_are_those_that_everybody_means() -> None:
    right = ["甲", "甲", "乙", "丙"]
    ranked = [["甲", "乙"], ["乙", "甲"], ["乙"], ["甲", "乙"]]
    figures = measure(right, ranked)
    # F1: 甲 2·1/(2+2), 乙 2·1/(1+2), 丙 0.
    assert figures["macro_f1"] == pytest.approx((0.5 + 2 / 3 + 0) / 3, abs=1e-4)
    assert (figures["accuracy"], figures["top3"], figures["count"]) == (0.5, 0.75, 4)


def test_a_temperature_never_grows_certain_of_what_was_never_wrong() -> None:
    scores = np.array([1.0, -1.0], dtype=np.float32)
    outcomes = [Outcome(scores, np.array([True, True]), 0)] * 100
    judged = judge(outcomes, ("甲", "乙"))
    (first, _) = confidences(scores, judged.temperature, np.array([True, True]))
    assert 0.97 < first < 0.9999
    assert judged.threshold is not None


def test_an_answer_that_the_model_does_not_know_counts_as_wrong() -> None:
    scores = np.array([3.0, 0.0], dtype=np.float32)
    both = np.array([True, True])
    outcomes = [Outcome(scores, both, 0)] * 90 + [Outcome(scores, both, -1)] * 30
    judged = judge(outcomes, ("甲", "乙"))
    assert judged.figures["accuracy"] == 0.75
    assert judged.threshold is None
