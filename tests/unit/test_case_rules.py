"""What a case of the coordination group needs before it is decided, over all that may come."""

from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.cases.rules import (
    CHINESE_ACTS,
    CHINESE_CAPACITIES,
    CHINESE_STATES,
    GROUP,
    PAPERS,
    Capacity,
    CaseAct,
    CaseState,
    Chosen,
    Member,
    Proceedings,
    capacity_to_sign,
    elected,
    missing,
)
from shared.events.kinds import CaseKind
from shared.events.words import Role

UNITS = ("water", "housing", "roads")
WATER = Chosen("water", frozenset({"housing"}))


@st.composite
def meetings(draw: st.DrawFn) -> tuple[list[Member], dict[str, str]]:
    """Members with one head, and the votes of some of them."""
    size = draw(st.integers(1, 9))
    head = draw(st.integers(0, size - 1))
    members = [Member(f"XT{place}", place == head) for place in range(size)]
    voted = draw(st.lists(st.sampled_from(members), unique=True))
    return members, {member.subject: draw(st.sampled_from(UNITS)) for member in voted}


@given(meetings())
def test_who_is_elected_has_the_majority_or_the_head(
    meeting: tuple[list[Member], dict[str, str]],
) -> None:
    members, votes = meeting
    lead = elected(members, votes)
    counts = {unit: list(votes.values()).count(unit) for unit in UNITS}
    majority = [unit for unit in UNITS if counts[unit] * 2 > len(members)]
    if majority:
        assert [lead] == majority
    elif len(votes) == len(members):
        (head,) = [member for member in members if member.is_head]
        assert lead == votes[head.subject], "no meeting ends without a lead"
    else:
        assert lead is None


@given(meetings(), st.sampled_from(UNITS))
def test_what_was_elected_stays_so_whoever_votes_after(
    meeting: tuple[list[Member], dict[str, str]], unit: str
) -> None:
    members, votes = meeting
    lead = elected(members, votes)
    for member in members:
        votes.setdefault(member.subject, unit)
    if lead is not None:
        assert elected(members, votes) == lead


@given(meetings(), st.sampled_from(CaseKind), st.booleans(), st.booleans(), st.booleans())
def test_a_case_is_ready_exactly_when_nothing_of_its_table_is_missing(
    meeting: tuple[list[Member], dict[str, str]],
    kind: CaseKind,
    is_signed_by_head: bool,
    is_signed_by_leader: bool,
    has_minutes: bool,
) -> None:
    members, votes = meeting
    signatures = {
        capacity: WATER
        for capacity, is_signed in (
            (Capacity.HEAD, is_signed_by_head),
            (Capacity.LEADER, is_signed_by_leader),
        )
        if is_signed
    }
    paper = PAPERS[kind]
    gaps = missing(paper, Proceedings(members, votes, signatures, has_minutes), WATER)
    is_ready = set(paper.signatures) <= signatures.keys()
    if paper.is_voted:
        is_ready &= has_minutes and elected(members, votes) == "water"
    assert (not gaps) == is_ready


def test_without_members_a_meeting_and_the_head_are_missing() -> None:
    assert missing(PAPERS[CaseKind.NO_LEAD], Proceedings()) == ["会商成员（先确定成员）"]
    gaps = missing(PAPERS[CaseKind.RISK], Proceedings())
    assert gaps == ["会商协调小组组长（先确定成员）", "会商协调小组组长签批"]


def test_each_way_of_the_article_has_its_document_and_number() -> None:
    assert [PAPERS[kind].source for kind in CaseKind] == [
        f"ZY 13.5({place})" for place in range(1, 5)
    ]
    numbers = {
        paper.number.format(place="资阳市", year=2026, serial=1) for paper in PAPERS.values()
    }
    assert len(numbers) == len(CaseKind)
    assert [kind for kind in CaseKind if PAPERS[kind].needs_report] == [CaseKind.MAJOR]


def test_a_signature_is_asked_of_the_head_or_of_the_citys_leader_alone() -> None:
    head, member = Member("XT1", True), Member("XT2")
    risk, major = PAPERS[CaseKind.RISK], PAPERS[CaseKind.MAJOR]
    for role in GROUP:
        assert capacity_to_sign(risk, head, role, is_of_office=True) is Capacity.HEAD
        assert capacity_to_sign(risk, member, role, is_of_office=True) is None
        assert capacity_to_sign(risk, None, role, is_of_office=True) is None
    assert capacity_to_sign(major, None, Role.LEADER, is_of_office=True) is Capacity.LEADER
    assert capacity_to_sign(major, None, Role.LEADER, is_of_office=False) is None
    assert capacity_to_sign(major, head, Role.COORDINATION, is_of_office=True) is None


def test_every_word_has_its_chinese_name() -> None:
    assert set(CHINESE_STATES) == set(CaseState)
    assert set(CHINESE_ACTS) == set(CaseAct)
    assert set(CHINESE_CAPACITIES) == set(Capacity)
