"""Running all checks against one implementation, one after the other."""

from typing import NamedTuple

from deploy.exchange_check.doors import DOORS
from deploy.exchange_check.messages import MESSAGES
from deploy.exchange_check.peer import Peer, Wrong

CHECKS = (*DOORS, *MESSAGES)
GATES = frozenset({"keys", "good_signature"})
"""Where one of these fails, nothing else can be looked at."""


class Finding(NamedTuple):
    """What a check found: `is_right` is none where it could not be made."""

    code: str
    title: str
    is_right: bool | None
    detail: str = ""


async def run_checks(peer: Peer) -> list[Finding]:
    """Every check's finding, in order."""
    found: list[Finding] = []
    stopped = False
    for code, title, check in CHECKS:
        if stopped:
            found.append(Finding(code, title, None, "前面的检查未通过，未能进行"))
            continue
        try:
            await check(peer)
        except Wrong as wrong:
            found.append(Finding(code, title, False, str(wrong)))
            stopped = code in GATES
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            found.append(Finding(code, title, False, f"应答的形式不合规范：{error!r}"))
            stopped = code in GATES
        else:
            found.append(Finding(code, title, True))
    return found
