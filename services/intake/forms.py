"""From a body to a filing: the checks that need the policy and the directory."""

from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from services.intake import rules
from services.intake.directory import Directory
from services.intake.filing.requests import Ask, Filing, History, Key, Request
from services.intake.identity import Identity
from services.intake.operations import ground_of
from services.intake.schemas import CallerIn, FileTicket, HistoryIn
from shared.events.words import Role
from shared.policy.model import Pack
from shared.policy.parts import ScopeGround
from shared.problems import Malformed, field_error, field_errors
from shared.security import Principal
from shared.telemetry import current_traceparent

FORM = TypeAdapter(FileTicket)
VERIFIERS = (Role.OPERATOR, Role.SUPERVISOR)
HISTORIANS = (Role.OPERATOR, Role.ADMINISTRATOR)
WAYS = ("history", "verify", "refusal", "answered_by")
"""What else than accepting can be done with a request; one of them at most."""


def parse_request(body: bytes) -> FileTicket:
    """A request from JSON. Raises `Malformed`, naming each field that is wrong."""
    try:
        return FORM.validate_json(body)
    except ValidationError as error:
        raise Malformed(errors=field_errors(error.errors(include_url=False))) from error


async def filing_of(
    directory: Directory, caller: Principal, body: FileTicket, key: Key | None
) -> Filing:
    """A filing that only has to be stored. Raises `Malformed`, naming the field, `NotAllowed`."""
    await directory.require(body.jurisdiction, body.category)
    if not caller.sees(body.jurisdiction, None):
        raise field_error(
            "jurisdiction", "not_yours", f"您只能登记 {caller.jurisdiction} 范围内的诉求"
        )
    _require_one_way(body)
    if body.verify is not None:
        caller.require(*VERIFIERS)
        await directory.require_unit("verify.unit", body.verify.unit)
    is_exact = body.refusal is not None
    pack = await directory.pack_in_force(body.jurisdiction, is_exact=is_exact)
    request = Request(
        jurisdiction=body.jurisdiction,
        request_type=body.type,
        urgency=body.urgency,
        is_enforcement=body.is_enforcement,
        title=body.title or rules.title_of(body.content),
        content=body.content,
        channel=body.channel,
        channel_ref=body.channel_ref,
        external_id=body.external_id,
        category=body.category,
        place=None if body.place is None else body.place.model_dump(exclude_none=True),
        identity=None if body.caller is None else _identity(body.caller),
        filed_at=body.filed_at,
        refusal=_refusal(pack, body.refusal),
        article_id=body.answered_by,
        is_solved=body.is_solved,
        ask=None if body.verify is None else Ask(body.verify.unit, body.verify.question),
        history=None if body.history is None else _history(caller, body.history, body.filed_at),
    )
    return Filing(request, pack, caller.subject, key, current_traceparent())


def _identity(caller: CallerIn) -> Identity | None:
    identity: Identity = {}
    if caller.name:
        identity["name"] = caller.name
    if caller.phone:
        identity["phone"] = caller.phone
    if caller.address:
        identity["address"] = caller.address
    return identity or None


def _require_one_way(body: FileTicket) -> None:
    ways = [name for name in WAYS if getattr(body, name) is not None]
    if len(ways) > 1:
        raise field_error(ways[0], "conflict", f"{'、'.join(ways)} 只能填写一项")


def _refusal(pack: Pack, ground: str | None) -> ScopeGround | None:
    return None if ground is None else ground_of(pack, ground, "refusal")


def _history(caller: Principal, body: HistoryIn, filed_at: datetime | None) -> History:
    caller.require(*HISTORIANS)
    if filed_at is not None and body.closed_at < filed_at:
        raise field_error("history.closed_at", "before_filing", "办结时间不得早于提交时间 filed_at")
    return History(body.closed_at, body.result, body.unit_name)
