"""Which act of our own services a message of another platform is. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from services.gateway.federation.rules import ENDS
from shared.crossing import Forward
from shared.events.words import Channel, CloseReason, Service
from shared.jurisdictions import covers
from shared.personal import PRIVATE, find, mask

Data = Mapping[str, Any]
REPLY = "reply"
NO_UNIT = "对方平台未建议承办单位"
UNSAID = {"reason": "对方平台未说明理由", "legal_basis": "对方平台未说明依据"}


class Act(NamedTuple):
    """One call that delivers a message; what is not `needed` may be refused without harm."""

    service: Service
    name: str
    body: dict[str, Any]
    needed: bool = True
    heard: int = 1
    """How much of what intake said of the ticket the service must have heard."""
    waits: bool = False
    """While the ticket's state refuses it, it is tried again, however long that lasts."""


def acts_at_home(told: str, data: Data) -> list[Act]:
    """What the platform that handles our ticket does to it, as its unit here, in turn.

    A reply is taken although nobody signed before: there another ticket's reply may answer it.
    """
    make = AT_HOME.get(told)
    return [] if make is None else make(data)


def acts_here(told: str, data: Data) -> list[Act]:
    """What the platform where a ticket is at home wants done to ours."""
    if told in ENDED:
        reason = data.get("reason") if told == "ticket.closed" else None
        known = reason if reason in set(CloseReason) else CloseReason.AT_HOME
        return [Act(Service.DISPATCH, "settle", {"reason": known, "text": ENDED[told]})]
    make = HERE.get(told)
    return [] if make is None else make(data)


def filing(forward: Forward, *, platform: str, ticket_id: str, place: str) -> dict[str, Any]:
    """The request as our intake takes it; the n-th time that it comes it is another ticket."""
    times = "" if forward.round == 1 else f":{forward.round}"
    body = {
        "jurisdiction": place,
        "type": forward.request_type,
        "title": forward.title or None,
        "content": forward.content,
        "channel": Channel.SYSTEM,
        "external_id": f"{platform}:{ticket_id}{times}",
        "category": forward.category,
        "category_name": forward.category_name,
        "urgency": forward.urgency,
        "is_enforcement": forward.is_enforcement,
        "is_mediation": forward.is_mediation,
        "secrecy": forward.secrecy,
        "place": forward.place and forward.place.model_dump(mode="json", exclude_none=True),
        "filed_at": forward.filed_at and forward.filed_at.isoformat(),
        "origin": {"platform": platform, "ticket_id": ticket_id, "number": forward.number},
        "sealed_caller": forward.sealed_caller,
    }
    return {name: value for name, value in body.items() if value is not None}


def handled_in(forward: Forward, *, platform: str, hosted: Sequence[str]) -> str:
    """The place whose office handles it: a city that we host, where it is there, else our own."""
    division = forward.place.division if forward.place is not None else None
    for code in (division, forward.jurisdiction):
        around = [] if code is None else [one for one in hosted if covers(one, code)]
        if around:
            return max(around, key=len)
    return platform


def with_files(acts: Sequence[Act], attachments: Sequence[str], heard: int) -> list[Act]:
    """The same acts; a reply among them names files of our ticket."""
    more = {"attachments": list(attachments)} if attachments else {}
    return [
        one._replace(body=one.body | more, heard=heard) if one.name == REPLY else one
        for one in acts
    ]


def masked(text: str) -> str:
    """A text without numbers of people: a duty telephone of another place is unknown here."""
    for found in sorted(find(text), key=lambda one: one.start, reverse=True):
        if found.kind in PRIVATE:
            text = text[: found.start] + mask(found) + text[found.end :]
    return text


def _sign(_: Data) -> list[Act]:
    return [Act(Service.DISPATCH, "sign", {}, needed=False)]


def _reply(data: Data) -> list[Act]:
    elements = {name: masked(data.get(name) or "") for name in ("findings", "basis", "result")}
    elements["contact"] = masked(data.get("contact") or "")
    return _replied(elements, reader=_cleaned(data.get("checked_by")), more=data.get("more"))


def _terminated(data: Data) -> list[Act]:
    elements = {
        "findings": masked(data.get("opinion") or ""),
        "basis": "承办平台按终结件报备（ZY 15）",
        "result": masked(data.get("script") or ""),
        "contact": masked(data.get("explanation") or ""),
    }
    return _replied(elements, reader="", more=None)


def _replied(elements: Data, *, reader: str, more: object) -> list[Act]:
    others = more if isinstance(more, Mapping) else {}
    body = {name: text for name, text in elements.items() if text}
    body |= {"more": {code: masked(str(text)) for code, text in others.items()}} if others else {}
    # Who read it there, if it says so; the act itself is the other platform's.
    body |= {"checked_by": reader} if reader else {}
    return [*_sign({}), Act(Service.DISPATCH, REPLY, body)]


def _cleaned(given: object) -> str:
    """A number or a unit's name as dispatch takes it; empty where there is none."""
    signs = [sign for sign in str(given or "") if sign.isalnum() or sign in "_.-"]
    return "".join(signs)[:64]


def _respond(data: Data) -> list[Act]:
    # Where the law here has no first response, it is a signature.
    return [Act(Service.DISPATCH, "respond", {"text": data["text"]}, needed=False), *_sign({})]


def _progress(data: Data) -> list[Act]:
    body = {"text": data["text"], "next_step": data.get("next_step")}
    return [Act(Service.DISPATCH, "progress", body, needed=False)]


def _interim(data: Data) -> list[Act]:
    body = {name: data[name] for name in ("progress", "next_step", "promised_at")}
    return [Act(Service.DISPATCH, "interim-close", body, needed=False)]


def _return(data: Data) -> list[Act]:
    given = data.get("sent_back")
    if not isinstance(given, Mapping):
        return []
    body = {"ground": given["ground"]}
    for name, unsaid in UNSAID.items():
        body[name] = str(given.get(name) or "").strip() or unsaid
    body["proposed_unit"] = _cleaned(given.get("proposed_unit")) or NO_UNIT
    return [Act(Service.DISPATCH, "return", body)]


def _extend(data: Data) -> list[Act]:
    if not data.get("is_granted") or not data.get("working_days"):
        return []
    body = {"working_days": data["working_days"], "reason": data["reason"]}
    return [Act(Service.SLA, "extend", body, needed=False)]


def _amend(data: Data) -> list[Act]:
    names = ("addition", "request_type", "urgency", "is_enforcement", "is_mediation", "secrecy")
    body = {name: data[name] for name in names if data.get(name) is not None}
    if not body:
        return []
    reason = data.get("reason") or "来源平台更正"
    return [Act(Service.INTAKE, "amend", body | {"reason": reason}, needed=False)]


def _redo(data: Data) -> list[Act]:
    return [Act(Service.DISPATCH, "redo", {"reason": data["reason"]})]


def _rate(data: Data) -> list[Act]:
    names = ("result", "hotline", "contact", "is_solved")
    body = {name: data[name] for name in names if data.get(name) is not None}
    return [Act(Service.INTAKE, "note-rating", body, needed=False)]


def _erase(_: Data) -> list[Act]:
    # The caller asked for it: it is done as soon as our ticket has ended, too.
    return [Act(Service.INTAKE, "erase", {"reason": "来源平台已删除"}, waits=True)]


AT_HOME: Mapping[str, Callable[[Data], list[Act]]] = {
    "ticket.signed": _sign,
    "ticket.responded": _respond,
    "ticket.progressed": _progress,
    "ticket.interim_closed": _interim,
    "ticket.replied": _reply,
    "ticket.terminated": _terminated,
    "ticket.withdrawn": _return,
    "ticket.extension_decided": _extend,
}


HERE: Mapping[str, Callable[[Data], list[Act]]] = {
    "ticket.amended": _amend,
    "ticket.reopened": _redo,
    "ticket.rated": _rate,
    "ticket.erased": _erase,
}
ENDED: Mapping[str, str] = {one.type: "来源平台已结束办理" for one in ENDS}
