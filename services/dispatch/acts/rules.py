"""Which acts the pack of a ticket knows: not every document has every act. Pure."""

from datetime import datetime
from typing import Protocol

from services.dispatch.rules import ROLES, allowed
from shared.events.words import CHINESE, Act, Role, State, Urgency
from shared.policy.model import Pack


class Matter(Protocol):
    """What of a ticket decides which acts its pack has for it."""

    @property
    def state(self) -> State: ...
    @property
    def urgency(self) -> Urgency: ...
    @property
    def responded_at(self) -> datetime | None: ...


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


def open_acts(matter: Matter, pack: Pack | None) -> list[Act]:
    """The acts that the state allows and the pack knows; all of the state's where it is unheard."""
    acts = allowed(matter.state)
    if pack is None:
        return acts
    return [act for act in acts if refusal_by_law(act, matter, pack) is None]


def open_to(matter: Matter, pack: Pack | None, *, role: Role) -> list[Act]:
    """Those of the open acts that a role may do."""
    return [act for act in open_acts(matter, pack) if role in ROLES[act]]
