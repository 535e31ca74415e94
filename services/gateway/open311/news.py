"""What is told of a ticket as news of a request. Pure."""

from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketInterimClosed,
    TicketReopened,
    TicketReplied,
    TicketReturnDecided,
    TicketSigned,
    TicketTerminated,
    TicketWithdrawn,
)
from shared.events.envelope import Payload
from shared.events.intake import TicketAmended
from shared.events.loop import (
    TicketConcluded,
    TicketDeclined,
    TicketLinked,
    TicketRecalled,
    TicketSplit,
)
from shared.events.sla import (
    TicketClockPaused,
    TicketClockResumed,
    TicketDeadlineMoved,
    TicketExtensionDecided,
    TicketLimitDecided,
)
from shared.events.words import State

STATES: dict[type[Payload], State] = {
    TicketDispatched: State.DISPATCHED,
    TicketReplied: State.REPLIED,
    TicketReopened: State.SIGNED,
    TicketInterimClosed: State.INTERIM_CLOSED,
    TicketTerminated: State.TERMINATED,
    TicketWithdrawn: State.WITHDRAWN,
    TicketDeclined: State.REFUSED,
    TicketConcluded: State.CLOSED,
    TicketClosed: State.CLOSED,
    TicketLinked: State.LINKED,
}
"""What is news, and the state that it leads to."""
MOVING: tuple[type[Payload], ...] = (
    *(TicketSigned, TicketReturnDecided, TicketSplit, TicketAmended, TicketExtensionDecided),
    *(TicketLimitDecided, TicketClockPaused, TicketClockResumed, TicketDeadlineMoved),
    TicketRecalled,
)
"""What is no news of its own, but changes who handles a request, or until when."""


def words_of(data: Payload) -> str:
    """The words of a piece of news."""
    match data:
        case TicketDispatched():
            return f"已派至{data.unit_name}办理。"
        case TicketReplied():
            return f"已答复：{data.result}"
        case TicketReopened():
            return "已退回承办单位重新办理。"
        case TicketInterimClosed():
            return f"暂时办结，继续跟进：{data.progress}"
        case TicketTerminated():
            return f"已依法办结：{data.script}"
        case TicketWithdrawn():
            return "诉求已撤回。"
        case TicketDeclined():
            return f"经核实，不予受理：{data.explanation}"
        case TicketConcluded():
            return data.text
        case TicketLinked():
            return "与相同事项一并办理。"
        case _:
            return "已办结。"
