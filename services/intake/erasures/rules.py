"""When a request's words may go. Pure."""

from collections.abc import Mapping

from shared.crossing import ROUNDS_MAX
from shared.events.words import State

ENDED = (
    *(State.REFUSED, State.ANSWERED, State.HANDED_OVER),
    *(State.CLOSED, State.TERMINATED, State.WITHDRAWN),
)
"""Nothing more is done about these, so nobody needs the words any more."""
NIGHT_HOURS = range(1, 5)
"""When what is over its time is erased, Beijing time."""
REQUESTED, OVER_TIME = "requested", "over_time"
ARTICLES: Mapping[str, str] = {
    REQUESTED: "个人信息保护法 47",
    OVER_TIME: "个人信息保护法 19",
}
"""Why: somebody asks for it, or it was kept as long as it was needed."""


def earlier_names(external_id: str | None) -> list[str]:
    """Under which numbers a forwarded request came before: `P:T:3` was `P:T`, then `P:T:2`."""
    parts = (external_id or "").split(":")
    if len(parts) != 3 or not parts[2].isdecimal():
        return []
    first = ":".join(parts[:2])
    times = min(int(parts[2]), ROUNDS_MAX)
    return [first, *(f"{first}:{number}" for number in range(2, times))]
