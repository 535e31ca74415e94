"""Requests that are said to repeat an earlier one: whose that was, and what answers them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.intake.filing.requests import Filed, Filing
from services.intake.repeats.operations import Earlier, Terminated, find_earlier
from shared.database import Connection
from shared.events.words import State
from shared.problems import Problem, field_error


async def find_terminated(
    connection: Connection,
    filings: Sequence[Filing],
    results: list[Filed | Problem | None],
    indexes: Mapping[int, bytes],
    callers: Mapping[bytes, UUID],
) -> dict[int, Terminated]:
    """Refuse what repeats nothing of this caller's; what answers the rest at once, by place.

    A terminated matter that is raised again is answered with its recorded words (ZY 15), unless
    an operator says why not, or it goes another way than being accepted.
    """
    wanted = {
        place: filing.request.repeats
        for place, filing in enumerate(filings)
        if filing.request.repeats is not None and results[place] is None
    }
    if not wanted:
        return {}
    known = await find_earlier(connection, list(wanted.values()))
    found: dict[int, Terminated] = {}
    for place, earlier_id in wanted.items():
        earlier, request = known.get(earlier_id), filings[place].request
        index = indexes.get(place)
        caller_id = None if index is None else callers.get(index)
        results[place] = _refusal(earlier, caller_id, request.override)
        if results[place] is not None or request.override is not None:
            continue
        goes_elsewhere = request.refusal or request.handed or request.history or request.article_id
        if earlier is not None and earlier.terminated is not None and not goes_elsewhere:
            found[place] = earlier.terminated
    return found


def _refusal(
    earlier: Earlier | None, caller_id: UUID | None, override: str | None
) -> Problem | None:
    if earlier is None:
        return field_error("repeats", "unknown_ticket", "没有这件工单")
    if caller_id is None or earlier.caller_id != caller_id:
        return field_error("repeats", "other_caller", "这件工单不是同一诉求人的，按来电号码识别")
    if earlier.state == State.VERIFYING:
        return field_error(
            "repeats", "still_verifying", "这件工单仍在核实是否受理，请改用补充（amend）"
        )
    if override is not None and earlier.terminated is None:
        return field_error(
            "override", "not_terminated", "这一事项未被认定为终结件，无须说明特殊情况"
        )
    return None
