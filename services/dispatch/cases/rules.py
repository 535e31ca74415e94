"""What each kind of case needs before it is decided, and in which document it ends. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from shared.access import SEATS
from shared.events.kinds import CaseKind
from shared.events.words import Role


class CaseState(StrEnum):
    """Where a case stands; its ticket is coordinating exactly while it is open."""

    OPEN = "open"
    DECIDED = "decided"
    DROPPED = "dropped"


class CaseAct(StrEnum):
    """What is done to a case."""

    MEMBERS = "members"
    VOTE = "vote"
    SIGN = "sign"
    DECIDE = "decide"
    DROP = "drop"


class Capacity(StrEnum):
    """In which capacity a case is signed."""

    HEAD = "head"
    """For the group, by its head in this case."""
    LEADER = "leader"
    """By a leader of the government whose office numbers the document."""


CHINESE_STATES: Mapping[CaseState, str] = {
    CaseState.OPEN: "会商中",
    CaseState.DECIDED: "已决定",
    CaseState.DROPPED: "已撤销",
}
CHINESE_ACTS: Mapping[CaseAct, str] = {
    CaseAct.MEMBERS: "确定成员",
    CaseAct.VOTE: "表决",
    CaseAct.SIGN: "签批",
    CaseAct.DECIDE: "作出决定",
    CaseAct.DROP: "撤销会商",
}
CHINESE_CAPACITIES: Mapping[Capacity, str] = {
    Capacity.HEAD: "会商协调小组组长",
    Capacity.LEADER: "市政府领导",
}

PREPARERS = (Role.COORDINATION, Role.SUPERVISOR)
"""Who opens a case, names its members, writes down its decision, and drops it."""
GROUP = (Role.COORDINATION, Role.LEADER)
"""Whose people are members: a deputy mayor heads the group (ZY 13.5)."""
READERS = (*SEATS, *PREPARERS, Role.LEADER, Role.DISCIPLINE)
ROLES: Mapping[CaseAct, tuple[Role, ...]] = {
    CaseAct.MEMBERS: PREPARERS,
    CaseAct.VOTE: GROUP,
    CaseAct.SIGN: GROUP,
    CaseAct.DECIDE: PREPARERS,
    CaseAct.DROP: PREPARERS,
}


class Paper(NamedTuple):
    """The document in which a case ends, and what it needs before."""

    title: str
    number: str
    """Its form, with the places of `{place}`, `{year}` and `{serial}`."""
    source: str
    grounds: str
    signatures: tuple[Capacity, ...] = ()
    is_voted: bool = False
    """A meeting decides: the members vote for a lead, and minutes are kept."""
    needs_report: bool = False
    """One report for the matter (一事一报)."""
    is_return: bool = False
    """What a return in dispute may become."""
    asked: str = "请按照职责依法办理，在规定时限内答复诉求人。"


PAPERS: Mapping[CaseKind, Paper] = {
    CaseKind.UNDETERMINED: Paper(
        title="交办单",
        number="{place}热线会商交办〔{year}〕{serial}号",
        source="ZY 13.5(1)",
        grounds="本工单无法确定承办单位，经会商协调小组签批，交由你单位办理。",
        signatures=(Capacity.HEAD,),
        is_return=True,
    ),
    CaseKind.NO_LEAD: Paper(
        title="会商会议纪要",
        number="{place}热线会商纪要〔{year}〕{serial}号",
        source="ZY 13.5(2)",
        grounds="本工单情况较复杂、涉及承办单位较多，无法确定牵头单位，经会商协调小组会议确定承办单位。",
        is_voted=True,
        is_return=True,
    ),
    CaseKind.MAJOR: Paper(
        title="督办单",
        number="{place}热线会商督办〔{year}〕{serial}号",
        source="ZY 13.5(3)",
        grounds="本工单所反映事项影响较大，按照“一事一报”原则，经市政府领导签批，予以督办。",
        signatures=(Capacity.LEADER,),
        needs_report=True,
        asked="请认真核查办理，在规定时限内办结并书面反馈办理情况。",
    ),
    CaseKind.RISK: Paper(
        title="特殊事项交办单",
        number="{place}热线会商稳控〔{year}〕{serial}号",
        source="ZY 13.5(4)",
        grounds="本工单属反复投诉、具有异常风险的诉求，经会商协调小组签批，以特殊形式交由你单位办理。",
        signatures=(Capacity.HEAD,),
        asked="请依法处理诉求，同时做好稳控工作，重要情况随时报告。",
    ),
}
"""The four ways of ZY 13.5. The forms of the numbers and the words are ours."""


class Member(NamedTuple):
    """Somebody who sits on a case."""

    subject: str
    is_head: bool = False


class Chosen(NamedTuple):
    """Who is to handle: the lead and the co-handling units."""

    lead_unit: str
    co_units: frozenset[str] = frozenset()


class Proceedings(NamedTuple):
    """What has come of a case so far."""

    members: Sequence[Member] = ()
    votes: Mapping[str, str] = {}
    """The unit that each member wants to lead."""
    signatures: Mapping[Capacity, Chosen] = {}
    has_minutes: bool = False


def elected(members: Collection[Member], votes: Mapping[str, str]) -> str | None:
    """The lead that the members want: more than half of all of them.

    Where everybody has voted and no unit has that many, the head's vote decides (decision of
    ours: so no meeting ends without a lead). None while it is open.
    """
    counted = Counter(votes[member.subject] for member in members if member.subject in votes)
    for unit, times in counted.items():
        if times * 2 > len(members):
            return unit
    if not members or counted.total() < len(members):
        return None
    return next((votes[member.subject] for member in members if member.is_head), None)


def missing(paper: Paper, so_far: Proceedings, chosen: Chosen | None = None) -> list[str]:
    """What a decision still needs, in Chinese; `chosen` is what is to be decided."""
    gaps = []
    if paper.is_voted:
        gaps += _missing_votes(so_far, chosen)
        if chosen is not None and not so_far.has_minutes:
            gaps.append("会议纪要（minutes）")
    if Capacity.HEAD in paper.signatures and not any(one.is_head for one in so_far.members):
        gaps.append("会商协调小组组长（先确定成员）")
    for capacity in paper.signatures:
        signed = so_far.signatures.get(capacity)
        name = CHINESE_CAPACITIES[capacity]
        if signed is None:
            gaps.append(f"{name}签批")
        elif chosen is not None and signed != chosen:
            units = "、".join([signed.lead_unit, *sorted(signed.co_units)])
            gaps.append(f"与签批一致的承办单位（{name}签批的是 {units}）")
    return gaps


def capacity_to_sign(
    paper: Paper, member: Member | None, role: Role, *, is_of_office: bool
) -> Capacity | None:
    """In which capacity somebody may sign; none where their signature is not asked for."""
    if role is Role.LEADER and is_of_office and Capacity.LEADER in paper.signatures:
        return Capacity.LEADER
    if member is not None and member.is_head and Capacity.HEAD in paper.signatures:
        return Capacity.HEAD
    return None


def _missing_votes(so_far: Proceedings, chosen: Chosen | None) -> list[str]:
    if not so_far.members:
        return ["会商成员（先确定成员）"]
    lead = elected(so_far.members, so_far.votes)
    if lead is None:
        voted = len(so_far.votes)
        return [f"过半数成员的表决（成员 {len(so_far.members)} 人，已表决 {voted} 人）"]
    if chosen is not None and chosen.lead_unit != lead:
        return [f"与表决一致的主办单位（表决确定的是 {lead}）"]
    return []
