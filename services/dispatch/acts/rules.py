"""Which acts are open: by the pack of a ticket, by who asks, and by whose part it is. Pure."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from services.dispatch.crossings.rules import refusal_of_home
from services.dispatch.rules import RULES, allowed
from services.dispatch.sight.rules import Asker
from services.dispatch.withdrawals.rules import refusal_of_withdrawal
from shared.access import is_of_unit
from shared.events.chinese import CHINESE
from shared.events.words import Act, State, Urgency
from shared.jurisdictions import covers
from shared.policy.model import Pack

CO_ACTS = frozenset({Act.CO_SIGN, Act.CO_REPLY})
"""What those do who handle with the lead; all other acts of units are the lead's."""
PLACE_ACTS = frozenset(
    {Act.DISPATCH, Act.MOVE, Act.DECIDE_RETURN, Act.SEND_BACK, Act.REFUSE, Act.ANSWER}
)
"""What the office of the place does whose level handles the ticket (B12)."""


class Matter(Protocol):
    """What of a ticket decides which acts its pack has for it, and whose they are."""

    @property
    def state(self) -> State: ...
    @property
    def urgency(self) -> Urgency: ...
    @property
    def responded_at(self) -> datetime | None: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def drafted_by(self) -> str | None: ...
    @property
    def handling_place(self) -> str: ...
    @property
    def home(self) -> str | None: ...


def refusal(
    act: Act,
    matter: Matter,
    pack: Pack | None,
    *,
    asker: Asker,
    co_units: Collection[str] = (),
) -> str | None:
    """Why this person may not do this act to this ticket now, in Chinese; none where they may.

    Of its state, of their role in that state, of their part in it, of the pack; where the pack
    was not heard of, it refuses nothing.
    """
    state = matter.state
    rule = RULES.get((state, act))
    if rule is None:
        return f"工单{CHINESE[state]}，不能{CHINESE[act]}。"
    if asker.role not in rule.roles:
        who = "、".join(CHINESE[role] for role in rule.roles)
        by = f"须由{who}进行" if who else "由系统进行"
        return f"工单{CHINESE[state]}时，{CHINESE[act]}{by}。"
    if is_of_unit(asker.role):
        refused = _refusal_by_part(act, matter, asker=asker, co_units=co_units)
        if refused is not None:
            return refused
    if act in PLACE_ACTS and not covers(asker.jurisdiction, matter.handling_place):
        return f"工单已转交 {matter.handling_place} 办理，{CHINESE[act]}由该地进行。"
    elsewhere = refusal_of_home(act, state, matter.home, asker.subject)
    if elsewhere is not None:
        return elsewhere
    if act is Act.WITHDRAW:
        return refusal_of_withdrawal(state, matter.urgency)
    return None if pack is None else refusal_by_law(act, matter, pack)


def refusal_by_law(act: Act, matter: Matter, pack: Pack) -> str | None:
    """Why the pack has no such act for this ticket, in Chinese; none where it has it.

    A first response and a report of what was done are for emergencies (ZY 13.4), an interim close
    is there where the pack says so (ZY 13.3).
    """
    urgency = matter.urgency
    kind = f"{pack.name}的政策对“{CHINESE[urgency]}”工单"
    if act is Act.RESPOND and getattr(pack.respond, urgency, None) is None:
        return (
            f"{kind}没有初步响应时限，请直接签收（sign）；"
            "初步响应只用于特殊、特殊紧急事项（ZY 13.4）。"
        )
    if act is Act.RESPOND and matter.responded_at is not None:
        return "初步响应已经反馈，请报送进展（progress）或者答复（reply）；见 ZY 13.4。"
    is_emergency = getattr(pack.result, urgency, None) is not None
    if act is Act.PROGRESS and matter.state is State.SIGNED and not is_emergency:
        return (
            f"{kind}没有反馈处理情况的时限，请答复（reply）；"
            "临时办结后方须报送进展（ZY 13.3、13.4）。"
        )
    if act is Act.INTERIM_CLOSE and pack.interim is None:
        return f"{pack.name}的政策没有临时办结，请申请延期（extend）或者答复（reply）；见 ZY 13.3。"
    return None


def open_to(
    matter: Matter, pack: Pack | None, *, asker: Asker, co_units: Collection[str] = ()
) -> list[Act]:
    """The acts that this person could do to this ticket now, intake's among them."""
    return [
        act
        for act in allowed(matter.state, asker.role)
        if refusal(act, matter, pack, asker=asker, co_units=co_units) is None
    ]


def is_same_person(subject: str, other: str | None) -> bool:
    """Whether two work numbers are one person's, however they are written."""
    return other is not None and subject.strip().casefold() == other.strip().casefold()


def _refusal_by_part(
    act: Act, matter: Matter, *, asker: Asker, co_units: Collection[str]
) -> str | None:
    if act in CO_ACTS:
        return None if asker.unit in co_units else f"只有协办单位可以{CHINESE[act]}（ZY 13.5(5)）。"
    if asker.unit != matter.unit:
        return f"{CHINESE[act]}由主办单位进行（ZY 13.5(5)）。"
    if act is Act.CHECK_REPLY and is_same_person(asker.subject, matter.drafted_by):
        return "答复须由起草人以外的人审核把关（ZY 13）。"
    return None
