"""From a body to a filing: the checks that need the policy and the directory."""

from pydantic import TypeAdapter, ValidationError

from services.intake import rules
from services.intake.directory import Directory
from services.intake.filing.requests import Filing, Key, Request
from services.intake.identity import Identity
from services.intake.schemas import CallerIn, FileTicket
from shared.policy.load import pack_for
from shared.policy.model import Pack, ScopeGround
from shared.problems import Malformed, field_error, field_errors
from shared.security import Principal
from shared.telemetry import current_traceparent

FORM = TypeAdapter(FileTicket)


def parse_request(body: bytes) -> FileTicket:
    """A request from JSON. Raises `Malformed`, naming each field that is wrong."""
    try:
        return FORM.validate_json(body)
    except ValidationError as error:
        raise Malformed(errors=field_errors(error.errors(include_url=False))) from error


async def filing_of(
    directory: Directory, caller: Principal, body: FileTicket, key: Key | None
) -> Filing:
    """A filing that only has to be stored. Raises `Malformed`, naming the field."""
    await directory.require(body.jurisdiction, body.category)
    if not caller.sees(body.jurisdiction, None):
        raise field_error(
            "jurisdiction", "not_yours", f"您只能登记 {caller.jurisdiction} 范围内的诉求"
        )
    pack = pack_for(body.jurisdiction)
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
        refusal=_refusal(pack, body.refusal, body.answered_by is not None),
        article_id=body.answered_by,
        is_solved=body.is_solved,
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


def _refusal(pack: Pack, ground: str | None, is_answered: bool) -> ScopeGround | None:
    """The ground of the pack by its code (A3)."""
    if ground is None:
        return None
    if is_answered:
        raise field_error("refusal", "conflict", "不能既不予受理又当即答复")
    for one in pack.scope:
        if one.code == ground:
            return one
    allowed = "、".join(one.code for one in pack.scope)
    raise field_error("refusal", "unknown_ground", f"{pack.name} 没有这种情形；可用：{allowed}")
