"""Ending a ticket at the hotline itself, under the lock on its row.

What comes by web, message or mail is accepted before anybody has read it. Who reads it then may
find that it is out of scope (A3), answer it from the knowledge base (A5), or that it is an
emergency of 110, 119, 120 or 122 (A6).
"""

from uuid import UUID

from services.dispatch.acts.operations import Turn, say
from services.dispatch.co_handling.operations import end_co_handling
from services.dispatch.conclusions.models import Article
from services.dispatch.dispatching.operations import find_competent_unit
from services.dispatch.handling.replies import refuse_faults
from services.dispatch.rules import state_after
from shared.events.chinese import CHINESE
from shared.events.kinds import EmergencyLine, HandOver
from shared.events.loop import TicketConcluded, TicketDeclined
from shared.events.words import Act
from shared.policy.parts import ScopeGround
from shared.problems import NotHeardYet, field_error


async def refuse_ticket(turn: Turn, *, ground: str, reason: str, competent: str | None) -> None:
    """Refuse what was accepted and is outside the scope; its caller is told where to turn (ZY 9).

    Raises `Malformed` for a ground that the ticket's pack does not have, and for numbers of
    people in the words (ZY 22).
    """
    scope = find_ground(turn, ground)
    texts = {"reason": reason} | ({} if competent is None else {"competent": competent})
    await refuse_faults(turn, texts, others="")
    await _end(turn, Act.REFUSE)
    await decline(turn, scope, unit=turn.ticket.unit, reason=reason, competent=competent)


async def answer_ticket(turn: Turn, *, article: UUID, text: str, is_solved: bool) -> None:
    """Answer from the knowledge base, without a unit (ZY 12, YN 六(三)3).

    Raises `Malformed` for an article that is not published, and for numbers of people.
    """
    known = await turn.session.get(Article, article)
    if known is None or not known.is_published:
        raise field_error("article", "unknown_article", "没有这篇已发布的知识，请先检索知识库")
    await refuse_faults(turn, {"text": text}, others="")
    await _end(turn, Act.ANSWER)
    turn.ticket.article_id = article
    payload = TicketConcluded(
        state=turn.ticket.state,
        unit=turn.ticket.unit,
        text=text,
        article_id=article,
        is_solved=is_solved,
        concluded_by=turn.caller.subject,
    )
    await say(turn, payload, text=text, detail={"article": str(article), "is_solved": is_solved})


async def hand_over_ticket(
    turn: Turn, *, line: EmergencyLine, way: HandOver, note: str, unit: str | None
) -> None:
    """Hand an emergency to the line that it belongs to; the hand-over is recorded (ZY 34).

    As a ticket it goes to the unit that stands for the line's platform, whose system reads it in
    its feed. Raises `Malformed` for such a unit that is missing or cannot be, and for numbers of
    people in the note.
    """
    if (way is HandOver.TICKET) is (unit is None):
        raise field_error("unit", "wrong_unit", "工单转派须指明代表该专线平台的单位，其他方式不填")
    chosen = None if unit is None else await find_competent_unit(turn, unit)
    await refuse_faults(turn, {"note": note}, others="")
    await _end(turn, Act.HAND_OVER)
    had, turn.ticket.line = turn.ticket.unit, line.value
    if chosen is not None:
        turn.ticket.unit = chosen.code
    payload = TicketConcluded(
        state=turn.ticket.state,
        unit=had,
        text=f"您反映的属于紧急事项，已转 {line} 处理；如情况紧急，请直接拨打 {line}",
        line=line,
        way=way,
        note=note,
        to_unit=unit,
        concluded_by=turn.caller.subject,
    )
    detail = {"line": line.value, "way": way.value, "way_name": CHINESE[way]}
    detail |= {} if unit is None else {"to_unit": unit}
    await say(turn, payload, text=note, detail=detail)


def find_ground(turn: Turn, code: str) -> ScopeGround:
    """A ground of refusal of the ticket's pack. Raises `Malformed`, naming those that it has."""
    if turn.pack is None:
        raise NotHeardYet
    found = next((one for one in turn.pack.scope if one.code == code), None)
    if found is None:
        known = "；".join(f"{one.code}：{one.text}" for one in turn.pack.scope)
        raise field_error("ground", "unknown_ground", f"不是不予受理的情形（ZY 9）：{known}")
    return found


async def decline(
    turn: Turn, scope: ScopeGround, *, unit: str | None, reason: str, competent: str | None = None
) -> None:
    """Say that a ticket ended as outside the scope: why, and where its caller may turn."""
    ticket = turn.ticket
    ticket.ground, ticket.source_article = scope.code, scope.source
    ticket.explanation = scope.words(competent)
    ticket.closed_at = turn.at
    payload = TicketDeclined(
        unit=unit,
        ground=scope.code,
        source_article=scope.source,
        explanation=ticket.explanation,
        reason=reason,
        declined_by=turn.caller.subject,
    )
    detail = {"ground": scope.code, "source_article": scope.source, "reason": reason}
    await say(turn, payload, text=ticket.explanation, detail=detail)


async def _end(turn: Turn, act: Act) -> None:
    ticket = turn.ticket
    ticket.state = state_after(ticket.state, act)
    ticket.closed_at = turn.at
    await end_co_handling(turn)
