"""What filing says and answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.intake import rules
from services.intake.filing.requests import Filed, New, Request
from services.intake.identity import Vault
from services.intake.repeats.operations import Terminated
from services.intake.verifications.rules import verify_deadline
from shared.answers import running
from shared.calendars import local
from shared.events.callers import TicketHandedOver, TicketRepeatAnswered
from shared.events.chinese import CHINESE
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    Place,
    TicketAnswered,
    TicketCreated,
    TicketRecorded,
    TicketRefused,
    VerificationRequested,
)
from shared.events.words import State, Step
from shared.jurisdictions import is_passed_on
from shared.policy.deadlines import Matter, step_deadline
from shared.seen import HEADER as SEEN_HEADER
from shared.seen import write_seen

NOT_ACCEPTED_HERE = (State.VERIFYING, State.CLOSED, State.HANDED_OVER)
"""States in which a request may be filed without being accepted here, now."""


def state_of(request: Request, terminated: Terminated | None) -> State:
    if request.refusal is not None:
        return State.REFUSED
    if request.handed is not None:
        return State.HANDED_OVER
    if request.history is not None:
        return State.CLOSED
    if request.article_id is not None or terminated is not None:
        return State.ANSWERED
    return State.ACCEPTED if request.ask is None else State.VERIFYING


def event_of(new: New, source: str, at: datetime) -> Event[Payload]:
    request = new.filing.request
    common: dict[str, Any] = {
        "number": new.number,
        "jurisdiction": request.jurisdiction,
        "request_type": request.request_type,
        "urgency": request.urgency,
        "is_enforcement": request.is_enforcement,
        "title": request.title,
        "content": request.content,
        "channel": request.channel,
        "category": request.category,
        "place": None if request.place is None else Place(**request.place),
        "caller_id": new.caller_id,
        "filed_at": request.filed_at,
        "about_unit": request.about_unit,
        "repeats": request.repeats,
        "override": request.override,
        "is_mediation": request.is_mediation,
        "origin": request.origin,
        "secrecy": request.secrecy,
        "filed_by": new.filing.filed_by,
    }
    payload: Payload
    if request.refusal is not None:
        payload = TicketRefused.model_construct(
            **common,
            ground=request.refusal.code,
            source_article=request.refusal.source,
            explanation=request.refusal.words(),
        )
    elif request.article_id is not None:
        payload = TicketAnswered.model_construct(
            **common, article_id=request.article_id, is_solved=request.is_solved
        )
    elif request.history is not None:
        payload = TicketRecorded.model_construct(
            **common,
            closed_at=request.history.closed_at,
            result=request.history.result,
            unit_name=request.history.unit_name,
        )
    elif request.handed is not None:
        payload = TicketHandedOver.model_construct(
            **common,
            line=request.handed.line,
            way=request.handed.way,
            handed_by=new.filing.filed_by,
            note=request.handed.note,
            to_unit=request.handed.unit,
        )
    elif new.terminated is not None:
        payload = TicketRepeatAnswered.model_construct(
            **common, terminated=new.terminated.ticket_id, script=new.terminated.script
        )
    elif request.ask is not None:
        payload = VerificationRequested.model_construct(
            **common,
            policy=new.filing.pack.content_hash,
            unit=request.ask.unit,
            question=request.ask.question,
            requested_by=new.filing.filed_by,
        )
    else:
        payload = TicketCreated.model_construct(**common, policy=new.filing.pack.content_hash)
    return Event(source, str(new.id), 1, at, payload, new.filing.traceparent)


Shown = dict[tuple[object, ...], list[dict[str, Any]]]
"""The running deadlines of one moment, by what they depend on: most of a batch has the same."""


def answer_of(new: New, at: datetime, vault: Vault, shown: Shown) -> Filed:
    view = view_of(new.id, new.number, new.state, 1, vault)
    view["accepted_at"] = None if new.state in NOT_ACCEPTED_HERE else local(at)
    request = new.filing.request
    if request.refusal is not None:
        view["refusal"] = {
            "ground": request.refusal.code,
            "explanation": request.refusal.text,
            "channel": request.refusal.channel,
            "source": request.refusal.source,
        }
    if new.terminated is not None:
        view["answer"] = new.terminated._asdict()
    if new.state in (State.ACCEPTED, State.VERIFYING):
        pack = new.filing.pack
        passed_on = is_passed_on(request.origin, request.jurisdiction)
        matter = Matter(request.request_type, request.urgency, request.is_enforcement, passed_on)
        key = (matter, new.state, pack.content_hash, id(new.calendar))
        if key not in shown:
            shown[key] = _running(new, matter, at)
        view["deadlines"] = shown[key]
    return filed(201, view, new.id, 1)


def _running(new: New, matter: Matter, at: datetime) -> list[dict[str, Any]]:
    pack, calendar = new.filing.pack, new.calendar
    if new.state is State.VERIFYING:
        return [running(Step.VERIFY, verify_deadline(pack, calendar, at)).model_dump()]
    due = step_deadline(pack, calendar, matter, Step.DISPATCH, at)
    return [] if due is None else [running(Step.DISPATCH, due).model_dump()]


def view_of(
    ticket_id: UUID, number: str, state: State, sequence: int, vault: Vault
) -> dict[str, Any]:
    return {
        "id": ticket_id,
        "number": number,
        "query_code": rules.query_code(ticket_id, vault.query_code_key),
        "state": state,
        "state_name": CHINESE[state],
        "sequence": sequence,
        "deadlines": [],
    }


def filed(status: int, view: dict[str, Any], ticket_id: UUID, sequence: int) -> Filed:
    seen = write_seen(str(ticket_id), {"intake": sequence})
    return Filed(status, orjson.dumps(view, default=str), {SEEN_HEADER: seen})
