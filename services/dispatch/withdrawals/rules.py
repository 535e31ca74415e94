"""Whether a request may still be taken back. Pure."""

from services.dispatch.rules import RULES
from shared.events.chinese import CHINESE
from shared.events.words import Act, State, Urgency


def refusal_of_withdrawal(state: State, urgency: Urgency) -> str | None:
    """Why the wish comes too late or cannot be met, in Chinese; none where it is met.

    What endangers others is not one caller's to take back (decision of ours).
    """
    if (state, Act.WITHDRAW) not in RULES:
        return f"工单{CHINESE[state]}，不能{CHINESE[Act.WITHDRAW]}。"
    if urgency is not Urgency.NORMAL:
        return f"“{CHINESE[urgency]}”事项涉及公共安全，须继续办理，不能{CHINESE[Act.WITHDRAW]}。"
    return None
