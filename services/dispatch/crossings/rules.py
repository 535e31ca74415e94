"""Who decides about a ticket that is at home at another platform. Pure."""

from services.dispatch.rules import LAST_STATES
from shared.crossing import platform_of
from shared.events.words import Act, State

CONCLUDING = frozenset({Act.REFUSE, Act.ANSWER, Act.HAND_OVER})
"""How the hotline ends a ticket itself; another platform's goes back to it (decision of ours)."""
OF_HOME = frozenset({Act.REDO})
"""What the platform decides that asks the caller (YN 六(二)1)."""
REPLIES = frozenset({State.REPLIED, State.TERMINATED})
"""What that platform has a reply of: the filing of a terminated matter comes to it as one."""


def refusal_of_home(act: Act, state: State, home: str | None, subject: str) -> str | None:
    """Why an act is another platform's, in Chinese; none where it is not.

    The platform where a ticket is at home asks its caller about a reply, and says whether it is
    done again; nobody else does, and it does so to its own tickets alone. An interim close is a
    matter of the hotline that has it.
    """
    if act is Act.SEND_BACK and home is None:
        return "工单不是其他平台转来的，不能退回来源平台。"
    if act in CONCLUDING and home is not None:
        return f"工单由 {home} 平台转来，请退回来源平台（send-back），由其决定。"
    if act not in OF_HOME or state not in REPLIES or home == platform_of(subject):
        return None
    if home is None:
        return "工单不是该平台转来的。"
    return f"工单由 {home} 平台转来，由该平台回访诉求人并决定是否重新办理。"


def is_overtaken(act: Act, state: State, home: str | None, subject: str) -> bool:
    """Whether what the home asks for finds that the ticket has ended here: it changes nothing.

    It may have sent the ticket elsewhere since, and be told of that by nobody (E2).
    """
    is_of_home = act in OF_HOME and home is not None and home == platform_of(subject)
    return is_of_home and state in LAST_STATES


def end_of(state: State) -> Act | None:
    """How a ticket ends whose matter has ended at home; none where it has ended, too.

    What has a reply is closed; what has none is taken back.
    """
    if state is State.REPLIED:
        return Act.CLOSE
    return None if state in (*LAST_STATES, State.TERMINATED) else Act.WITHDRAW
