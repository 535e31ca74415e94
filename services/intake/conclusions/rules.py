"""What a caller is told whose request the hotline ended itself. Pure."""

from shared.events.loop import TicketConcluded, TicketDeclined
from shared.events.words import State


def words_of(number: str, data: TicketDeclined | TicketConcluded) -> str:
    """What the message says; an answer is read with the query code, for it may be personal."""
    if isinstance(data, TicketDeclined):
        return refused(number, data.explanation)
    if data.state is State.ANSWERED:
        return f"您反映的诉求（{number}）已经答复，请凭工单编号和查询码在线查看。"
    return f"您反映的诉求（{number}）：{data.text}。"


def accepted(number: str) -> str:
    """What a caller is told whose request was verified to be in scope (ZY 9)."""
    return f"您反映的诉求（{number}）经核实属于受理范围，已经受理。"


def refused(number: str, explanation: str) -> str:
    """What a caller is told whose request is outside the scope: why, and where to turn (ZY 9)."""
    return f"您反映的诉求（{number}）不予受理。{explanation}。"
