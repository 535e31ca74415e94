"""What is one matter, and which tickets are offered together: pure rules."""

import math
from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.repeats.features import (
    BUCKETS,
    Frequencies,
    cosines,
    distinct_pairs,
    features_of,
    normalise,
    pairs_of,
)
from services.dispatch.repeats.offers import Candidate, Grouping, count_callers
from services.dispatch.repeats.places import agreement, metres_between, places_of
from services.dispatch.repeats.rules import (
    OFFER_CALLERS_MIN,
    RepeatOutcome,
    Text,
    grounds_of,
    is_empty,
    outcome_of,
    score,
    wider,
)
from services.dispatch.repeats.terms import area_of, keys_to_ask, keys_to_keep
from shared.events.words import RequestType, State

TEXTS = (
    "丽景花园旁的搅拌站噪音扬尘扰民，夜里施工居民无法休息",
    "滨江路水管爆裂，停水两天",
    "咨询灵活就业人员养老金领取年龄",
    "小区物业乱收停车费，业主不同意",
)
KNOWN = Frequencies.empty().counting([distinct_pairs("", one) for one in TEXTS], documents_max=99)
words = st.text(max_size=60)
chinese = st.text(alphabet="丽景花园小区搅拌站噪音路灯水管停三天区县村镇A1２。 \n", max_size=40)
places = st.none() | st.fixed_dictionaries(
    {
        "longitude": st.floats(-180, 180),
        "latitude": st.floats(-90, 90),
        "division": st.sampled_from(["512000", "512021", "510100"]),
    }
)
NEAR = {"longitude": 104.65, "latitude": 30.12}


def text(content: str, title: str = "", place: dict[str, object] | None = None) -> Text:
    return Text(title, content, place, KNOWN)


@given(words | chinese, words | chinese, places, places)
def test_a_score_is_the_same_either_way_round_and_between_0_and_1(
    one: str, other: str, here: dict[str, object] | None, there: dict[str, object] | None
) -> None:
    first, second = text(one, place=here), text(other, place=there)
    reached = score(first, second, place_share=0.3)
    assert 0 <= reached <= 1
    assert reached == pytest.approx(score(second, first, place_share=0.3), abs=1e-5)


@given(words | chinese, words | chinese)
def test_the_same_text_scores_1_and_no_text_scores_0(title: str, content: str) -> None:
    reached = score(text(content, title), text(content, title), place_share=0.3)
    assert reached == (0 if is_without_pairs(title, content) else 1)


@given(words)
def test_any_text_has_buckets_within_bounds(content: str) -> None:
    features = features_of("", content, KNOWN)
    assert all(0 <= bucket < BUCKETS for bucket in features.buckets)
    assert all(weight > 0 for weight in features.weights)
    assert sorted(set(features.buckets.tolist())) == features.buckets.tolist()


@given(st.text(max_size=20), places)
def test_a_ticket_is_found_by_its_own_words(content: str, place: dict[str, object] | None) -> None:
    features = features_of("", content, KNOWN)
    kept = keys_to_keep(features, place, KNOWN, area=5120)
    asked = keys_to_ask(features, place, KNOWN, area=5120)
    assert set(kept) <= set(asked)
    assert set(kept).isdisjoint(keys_to_keep(features, place, KNOWN, area=5101))


@pytest.mark.parametrize(
    ("written", "plain"),
    [("Ａ３区１２号！", "a3区12号"), (" \n？。", ""), ("_a_b", "ab"), ("😀𠮷", "𠮷")],
)
def test_texts_are_compared_without_marks_and_widths(written: str, plain: str) -> None:
    assert normalise(written) == plain


def test_a_lone_character_is_a_pair_of_its_own_and_no_character_is_none() -> None:
    assert len(pairs_of("水")) == 1
    assert len(pairs_of("")) == 0
    assert is_empty(" ", "水")
    assert not is_empty("停", "水")


def test_emoji_and_rare_characters_are_compared_like_others() -> None:
    assert score(text("𠮷野家門前"), text("𠮷野家門前😀"), place_share=0.3) > 0.9
    assert score(text("😀😀"), text("😀😀"), place_share=0.3) == 0


def test_a_rare_pair_says_more_than_a_common_one() -> None:
    known = Frequencies.empty().counting([distinct_pairs("", "小区停水")] * 50, documents_max=99)
    rare, common = known.idf(pairs_of("丽景")), known.idf(pairs_of("停水"))
    assert rare[0] > 2 * common[0]


def test_old_frequencies_fade() -> None:
    known = Frequencies.empty().counting([distinct_pairs("", "停水")] * 10, documents_max=9)
    assert known.documents == 5
    assert known.counts[pairs_of("停水")[0]] == 5


def test_the_same_complaint_at_another_place_scores_less() -> None:
    said = "丽景花园小区旁边搅拌站夜里施工噪音扰民"
    here, there = text("丽景花园小区搅拌站噪音扰民"), text("朝阳新城小区搅拌站噪音扰民")
    one = text(said)
    assert score(one, here, place_share=0.3) > score(one, there, place_share=0.3) + 0.1


def test_places_far_apart_are_two_and_near_ones_alone_say_little() -> None:
    far = NEAR | {"latitude": 30.5}
    close = NEAR | {"latitude": 30.121}
    one = places_of("", "幸福小区", NEAR, KNOWN)
    assert agreement(one, places_of("", "幸福小区", far, KNOWN)) == 0
    assert agreement(one, places_of("", "", close, KNOWN)) == 0.25
    assert agreement(one, places_of("", "", None, KNOWN)) is None


def test_two_counties_are_two_places_and_a_city_holds_its_county() -> None:
    one = places_of("", "幸福小区", {"division": "512021"}, KNOWN)
    assert agreement(one, places_of("", "幸福小区", {"division": "512022"}, KNOWN)) == 0
    assert agreement(one, places_of("", "幸福小区", {"division": "512000"}, KNOWN)) == 1


def test_nothing_is_one_matter_for_its_place_alone() -> None:
    water, noise = text("幸福小区停水了"), text("咨询养老金年龄", place=NEAR)
    alike = text("停车费太贵", place=NEAR)
    assert score(noise, alike, place_share=0.3) < 0.06
    assert score(water, noise, place_share=0.3) < 0.06


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert metres_between((104, 30), (104, 31)) == pytest.approx(111_195, rel=0.001)
    assert metres_between((104, 30), (104, 30)) == 0


def test_grounds_are_the_words_and_places_that_both_have() -> None:
    grounds = grounds_of(text(TEXTS[0]), [text("投诉丽景花园的搅拌站噪音大")])
    assert "丽景花园" in "".join(grounds.words)
    assert grounds.places[0] == "丽景花园"


def test_the_words_of_many_are_those_of_at_least_half() -> None:
    others = [text("丽景花园搅拌站"), text("丽景花园太吵"), text("停车费"), text("停车费贵")]
    grounds = grounds_of(text("丽景花园搅拌站停车费"), others)
    assert grounds.words == ["丽景花园", "停车费"]


@pytest.mark.parametrize(
    ("state", "kind", "has_script", "outcome"),
    [
        (State.DISPATCHED, RequestType.COMPLAINT, False, RepeatOutcome.LINKED),
        (State.LINKED, RequestType.HELP, False, RepeatOutcome.LINKED),
        (State.TERMINATED, RequestType.COMPLAINT, True, RepeatOutcome.ANSWERED),
        (State.TERMINATED, RequestType.COMPLAINT, False, RepeatOutcome.NEW),
        (State.CLOSED, RequestType.REPORT, False, RepeatOutcome.REPORT),
        (State.CLOSED, RequestType.COMPLAINT, False, RepeatOutcome.NEW),
        (State.WITHDRAWN, RequestType.REPORT, False, RepeatOutcome.NEW),
    ],
)
def test_what_becomes_of_a_repeat_depends_on_the_earlier_ticket(
    state: State, kind: RequestType, has_script: bool, outcome: RepeatOutcome
) -> None:
    assert outcome_of(state, kind, has_script=has_script) is outcome


def test_a_place_widens_to_its_city_and_no_further() -> None:
    assert wider("512021", "512021") == "512021"
    assert wider("512021", "512000") == "512000"
    assert wider("512021", "512022") == "512000"
    assert area_of("512021") == area_of("512000") == 5120


tickets = st.builds(
    Candidate,
    ticket_id=st.integers(1, 30).map(lambda number: UUID(int=number)),
    caller_id=st.none() | st.integers(1, 6).map(lambda number: UUID(int=900 + number)),
    about_unit=st.none() | st.just("512000-water"),
)


@given(st.lists(st.tuples(tickets, st.lists(tickets, max_size=8)), max_size=12))
def test_a_ticket_is_in_one_offer_at_most_and_offers_have_enough_callers(
    arriving: list[tuple[Candidate, list[Candidate]]],
) -> None:
    grouping, facts = Grouping({}), dict[UUID, Candidate]()
    for number, (ticket, alike) in enumerate(arriving):
        ticket, *others = (facts.setdefault(one.ticket_id, one) for one in (ticket, *alike))
        others = list({one.ticket_id: one for one in others if one != ticket}.values())
        grouping.add(ticket, others, UUID(int=10_000 + number))
    members = [one for group in grouping.begun.values() for one in group]
    assert max(Counter(one.ticket_id for one in members).values(), default=1) == 1
    assert {one.ticket_id for one in members} == set(grouping.offer_of)
    for group in grouping.begun.values():
        assert count_callers(group) >= OFFER_CALLERS_MIN
        assert len({one.about_unit for one in group}) == 1


def is_without_pairs(title: str, content: str) -> bool:
    return len(distinct_pairs(title, content)) == 0


def test_a_cosine_of_nothing_is_nothing() -> None:
    nothing = features_of("", "", KNOWN)
    assert cosines(nothing, [("", "停水"), ("", "")], KNOWN) == [0, 0]
    assert cosines(features_of("", "停水", KNOWN), [("", ""), ("", "停水")], KNOWN) == [0, 1]
    assert cosines(nothing, [], KNOWN) == []


@given(words | chinese, st.lists(st.tuples(words | chinese, words | chinese), max_size=6))
def test_texts_that_are_read_together_count_as_if_each_were_read_alone(
    said: str, others: list[tuple[str, str]]
) -> None:
    one = features_of(said[:9], said, KNOWN)
    for reached, (title, content) in zip(cosines(one, others, KNOWN), others, strict=True):
        other = features_of(title, content, KNOWN)
        mine = dict(zip(one.buckets.tolist(), one.weights.tolist(), strict=True))
        theirs = dict(zip(other.buckets.tolist(), other.weights.tolist(), strict=True))
        product = sum(weight * theirs.get(bucket, 0) for bucket, weight in mine.items())
        norms = math.hypot(*mine.values()) * math.hypot(*theirs.values())
        assert reached == pytest.approx(product / norms if norms else 0, abs=1e-5)
