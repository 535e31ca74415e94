"""Replies: drafted, read by a second person of the unit, and gone (ZY 13, B7)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.dispatch.acts.operations import Turn, say, unit_of
from services.dispatch.acts.rules import is_same_person
from services.dispatch.co_handling.parts import list_parts
from services.dispatch.contacts.queries import find_units_numbers
from services.dispatch.handling.rules import (
    ELEMENTS,
    Fault,
    missing,
    numbers_in,
    personal_data,
)
from services.dispatch.letters.operations import require_attachments, require_letter
from services.dispatch.rules import state_after
from shared.crossing import platform_of
from shared.events.dispatch import TicketReplied
from shared.events.loop import TicketReplyDrafted, TicketReplySentBack
from shared.events.words import Act, State
from shared.letters import Letter
from shared.policy.load import pack_for
from shared.problems import ActRefused, FieldError, Malformed, field_error

NATIONAL = "000000"
PLATFORM_FIRST = "承办平台先行答复"
"""Why another platform's reply does not wait for units of ours: it cannot know of them."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply as the unit writes it; `elements` by the codes of the pack's list."""

    elements: dict[str, str]
    replied_by: str
    letter: Letter | None = None
    attachments: tuple[UUID, ...] = ()
    without: str | None = None
    """Why it answers before a co-handling unit has replied."""

    @property
    def more(self) -> dict[str, str]:
        """What the pack asks for beside the elements of every reply."""
        return {code: text for code, text in self.elements.items() if code not in ELEMENTS}

    def kept(self) -> dict[str, Any]:
        """As the ticket keeps it while it is being checked."""
        return {
            "elements": self.elements,
            "replied_by": self.replied_by,
            "letter": None if self.letter is None else self.letter.model_dump(mode="json"),
            "attachments": [str(one) for one in self.attachments],
            "without": self.without,
        }


async def reply_to_ticket(turn: Turn, *, draft: Draft, checked_by: str | None) -> None:
    """The unit answers: at once where its system names the second reader, else a draft waits.

    Raises `Malformed` for elements that the pack asks for and the reply lacks, for numbers of
    people in it (ZY 22), for a second reader who wrote it or whom a person names in their stead,
    and for a letter that is needed and missing (ZY 13.5); `ActRefused` while a co-handling unit
    has not replied and no reason is given (ZY 13.5(5)); another platform's reply does not wait.
    """
    _refuse_named_reader(turn, draft, checked_by)
    pack = turn.pack or pack_for(NATIONAL)
    # Another platform's reply was read there, by the law and the second reader of that place.
    is_foreign = platform_of(turn.caller.subject) is not None
    required = () if is_foreign else pack.reply.required
    await refuse_faults(turn, draft.elements, faults=missing(draft.elements, required))
    if not is_foreign:
        await require_letter(turn, draft.letter)
    await require_attachments(turn, draft.attachments)
    if is_foreign and draft.without is None:
        draft = replace(draft, without=PLATFORM_FIRST)
    await _missing_parts(turn, without=draft.without)
    if pack.reply.reviewed.value and checked_by is None and not is_foreign:
        await _keep_draft(turn, draft)
        return
    turn.ticket.state_before_check = turn.ticket.state
    turn.ticket.state = state_after(turn.ticket.state, Act.REPLY)
    await send_reply(turn, draft, checked_by=checked_by)


async def check_reply(turn: Turn, *, is_passed: bool, reason: str | None) -> None:
    """The unit's second reader lets the reply leave, or sends it back to be written again.

    Raises `Malformed` where one is sent back without a reason, `ActRefused` where a co-handling
    unit was chosen meanwhile and has not replied.
    """
    ticket = turn.ticket
    assert ticket.draft is not None, "what is being checked was drafted"
    if is_passed:
        await send_reply(turn, _draft(ticket.draft), checked_by=turn.caller.subject)
        return
    if reason is None:
        raise field_error("reason", "missing", "退回修改须说明理由")
    before = ticket.state_before_check
    ticket.state = state_after(ticket.state, Act.CHECK_REPLY, is_passed=False, state_before=before)
    ticket.draft = ticket.state_before_check = None
    payload = TicketReplySentBack(
        unit=unit_of(ticket),
        reason=reason,
        checked_by=turn.caller.subject,
        to_interim=ticket.state is State.INTERIM_CLOSED,
    )
    await say(turn, payload, text=reason, detail={"article": "ZY 13"})


async def send_reply(turn: Turn, draft: Draft, *, checked_by: str | None) -> None:
    """A reply leaves: the handling clock stops. Every reply of a unit leaves here.

    Raises `ActRefused` while a co-handling unit has not replied and no reason is given.
    """
    ticket = turn.ticket
    late = await _missing_parts(turn, without=draft.without)
    ticket.state = state_after(ticket.state, Act.CHECK_REPLY)
    ticket.draft = ticket.state_before_check = None
    ticket.replied_at = turn.at
    ticket.result_at = ticket.result_at or turn.at
    ticket.responded_at = ticket.responded_at or turn.at
    ticket.paused_at = None
    ticket.replies += 1
    elements = {code: draft.elements.get(code, "") for code in ELEMENTS}
    letter = None if draft.letter is None else draft.letter.attachment
    payload = TicketReplied(
        unit=unit_of(ticket),
        reply=ticket.replies,
        replied_by=draft.replied_by,
        checked_by=checked_by,
        letter=letter,
        attachments=draft.attachments,
        more=draft.more,
        asked_by=ticket.home,
        **elements,
    )
    detail = {"reply": ticket.replies, "replied_by": draft.replied_by, **elements}
    detail |= {} if checked_by is None else {"checked_by": checked_by}
    detail |= {"more": draft.more} if draft.more else {}
    detail |= {} if draft.letter is None else {"letter": draft.letter.model_dump(mode="json")}
    detail |= {"attachments": [str(one) for one in draft.attachments]} if draft.attachments else {}
    detail |= {"without": draft.without, "missing": list(late)} if late else {}
    await say(turn, payload, text=elements["result"], detail=detail)


async def refuse_faults(
    turn: Turn, texts: dict[str, str], *, faults: Iterable[Fault] = (), others: str = "more."
) -> None:
    """Raise `Malformed` for these faults, and for numbers of people in the texts (ZY 22)."""
    own = await find_units_numbers(turn.session, numbers_in(texts))
    found = [*faults, *personal_data(texts, own=own, others=others)]
    if found:
        raise Malformed(
            errors=[
                FieldError(field=one.field, code=one.code, message=one.message) for one in found
            ]
        )


def _refuse_named_reader(turn: Turn, draft: Draft, checked_by: str | None) -> None:
    """Who reads a person's reply does so in their own name; a unit's system says who has read."""
    if checked_by is None:
        return
    if is_same_person(draft.replied_by, checked_by):
        raise field_error("checked_by", "same_person", "审核把关人不得为答复人本人（ZY 13）")
    if turn.caller.is_person:
        raise field_error(
            "checked_by",
            "own_act",
            "审核把关人须本人登录审核（check-reply），不得由他人代填；"
            "请不填 checked_by，答复即转本单位另一人审核（ZY 13）",
        )


async def _keep_draft(turn: Turn, draft: Draft) -> None:
    ticket = turn.ticket
    ticket.state_before_check = ticket.state
    ticket.state = state_after(ticket.state, Act.REPLY)
    ticket.draft = draft.kept()
    payload = TicketReplyDrafted(unit=unit_of(ticket), drafted_by=draft.replied_by)
    detail: dict[str, Any] = {
        code: text for code, text in draft.elements.items() if code in ELEMENTS
    }
    detail |= {"more": draft.more} if draft.more else {}
    await say(turn, payload, text=draft.elements.get("result"), detail=detail)


async def _missing_parts(turn: Turn, *, without: str | None) -> tuple[str, ...]:
    parts = await list_parts(turn)
    units = tuple(part.unit for part in parts if part.replied_at is None)
    if units and without is None:
        raise ActRefused(
            f"协办单位 {'、'.join(units)} 尚未答复，主办单位汇总后统一答复诉求人（ZY 13.5(5)）；"
            "确需先行答复的，请在 without 中说明理由。",
            allowed=[],
        )
    return units


def _draft(kept: dict[str, Any]) -> Draft:
    letter = kept["letter"]
    return Draft(
        kept["elements"],
        kept["replied_by"],
        None if letter is None else Letter.model_validate(letter),
        tuple(UUID(one) for one in kept["attachments"]),
        kept["without"],
    )
