"""From a body to a filing: the checks that need the policy and the directory."""

from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from services.intake import rules
from services.intake.directory import Directory
from services.intake.filing.requests import Ask, Filing, Handed, History, Key, Request
from services.intake.identity import Identity
from services.intake.operations import ground_of
from services.intake.origins.filing import require_home
from services.intake.schemas import CallerIn, FileTicket, HandedOverIn, HistoryIn
from shared.access import OFFICE, SEATS
from shared.events.intake import Origin
from shared.events.kinds import HandOver
from shared.events.words import Channel, Role
from shared.policy.model import Pack
from shared.policy.parts import ScopeGround
from shared.problems import CHINESE_MESSAGES, Malformed, field_error, field_errors
from shared.security import Principal
from shared.telemetry import current_traceparent

FORM = TypeAdapter(FileTicket)
HISTORIANS = (*SEATS, Role.ADMINISTRATOR)
"""Who files what ended long ago."""
WAYS = ("history", "verify", "refusal", "answered_by", "handed_over")
"""What else than accepting can be done with a request; one of them at most."""

PAPER = (Channel.LETTER, Channel.FAX)
WITHOUT_WORDS = {
    Channel.LETTER: "（来信，内容见附件扫描件）",
    Channel.FAX: "（传真，内容见附件扫描件）",
    Channel.VOICEMAIL: "（语音留言，内容见附件录音）",
}
"""What a request says whose words are in its files alone."""


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
    require_home(caller, body)
    category = body.category
    # Another platform's taxonomy may know more, or mean another thing by a code: a seat chooses.
    if body.origin is not None and not await directory.knows(category, body.category_name):
        category = None
    await directory.require(body.jurisdiction, category)
    if not caller.sees(body.jurisdiction, None):
        raise field_error(
            "jurisdiction", "not_yours", f"您只能登记 {caller.jurisdiction} 范围内的诉求"
        )
    _require_one_way(body)
    content = _content(body)
    if body.verify is not None:
        caller.require(*OFFICE)
        asked = body.verify.unit
        await directory.require_unit("verify.unit", asked, about_unit=body.about_unit)
    if body.about_unit is not None:
        await directory.require_unit("about_unit", body.about_unit)
    if body.handed_over is not None:
        await _require_platform(directory, body.handed_over, about_unit=body.about_unit)
    if body.override is not None and body.repeats is None:
        raise field_error("override", "no_repeat", "仅用于再次反映的终结件，须同时填写 repeats")
    is_exact = body.refusal is not None
    pack = await directory.pack_in_force(body.jurisdiction, is_exact=is_exact)
    request = Request(
        jurisdiction=body.jurisdiction,
        request_type=body.type,
        urgency=body.urgency,
        is_enforcement=body.is_enforcement,
        title=body.title or rules.title_of(content),
        content=content,
        channel=body.channel,
        channel_ref=body.channel_ref,
        external_id=body.external_id,
        category=category,
        place=None if body.place is None else body.place.model_dump(exclude_none=True),
        identity=None if body.caller is None else _identity(body.caller),
        filed_at=body.filed_at,
        refusal=_refusal(pack, body.refusal),
        article_id=body.answered_by,
        is_solved=body.is_solved,
        ask=None if body.verify is None else Ask(body.verify.unit, body.verify.question),
        history=None if body.history is None else _history(caller, body.history, body.filed_at),
        about_unit=body.about_unit,
        repeats=body.repeats,
        override=body.override,
        is_mediation=body.is_mediation,
        origin=None if body.origin is None else Origin(**dict(body.origin)),
        secrecy=body.secrecy,
        attachments=tuple(body.attachments),
        handed=None if body.handed_over is None else Handed(**dict(body.handed_over)),
    )
    return Filing(request, pack, caller.subject, key, current_traceparent())


def _content(body: FileTicket) -> str:
    """The words of a request; paper and recordings may come without."""
    if body.content:
        return body.content
    words = WITHOUT_WORDS.get(body.channel)
    if words is not None and body.attachments:
        return words
    if body.channel in PAPER:
        raise field_error("content", "empty_letter", "来信来件没有文字，也没有扫描件")
    if body.content is None:
        raise field_error("content", "missing", CHINESE_MESSAGES["missing"])
    raise field_error(
        "content", "string_too_short", CHINESE_MESSAGES["string_too_short"].format(min_length=1)
    )


def _identity(caller: CallerIn) -> Identity | None:
    identity: Identity = {}
    if caller.name:
        identity["name"] = caller.name
    if caller.phone:
        identity["phone"] = caller.phone
    if caller.address:
        identity["address"] = caller.address
    if caller.contact:
        identity["contact"] = caller.contact
    return identity or None


def _require_one_way(body: FileTicket) -> None:
    ways = [name for name in WAYS if getattr(body, name) is not None]
    if len(ways) > 1:
        raise field_error(ways[0], "conflict", f"{'、'.join(ways)} 只能填写一项")


async def _require_platform(
    directory: Directory, handed: HandedOverIn, *, about_unit: str | None
) -> None:
    """Raise `Malformed` where a ticket goes to nobody, or a call to somebody's system (ZY 34).

    Or to the unit that it complains of, or one below it (XS 三(四)).
    """
    if (handed.way is HandOver.TICKET) is (handed.unit is None):
        told = "工单转派须指明代表该专线平台的单位，其他方式不填"
        raise field_error("handed_over.unit", "wrong_unit", told)
    if handed.unit is not None:
        await directory.require_unit("handed_over.unit", handed.unit, about_unit=about_unit)


def _refusal(pack: Pack, ground: str | None) -> ScopeGround | None:
    return None if ground is None else ground_of(pack, ground, "refusal")


def _history(caller: Principal, body: HistoryIn, filed_at: datetime | None) -> History:
    caller.require(*HISTORIANS)
    if filed_at is not None and body.closed_at < filed_at:
        raise field_error("history.closed_at", "before_filing", "办结时间不得早于提交时间 filed_at")
    return History(body.closed_at, body.result, body.unit_name)
