"""The web form: no token and no signature, but so many an hour and no more."""

from fastapi import APIRouter, Request, Response

from services.intake.attachments.api import UPLOADED, keep_upload
from services.intake.attachments.schemas import AttachmentOut
from services.intake.channels import schemas
from services.intake.channels.limits import HourlyLimit
from services.intake.channels.rules import PUBLIC
from services.intake.filing.requests import Key
from services.intake.forms import FORM as TICKET
from services.intake.forms import filing_of
from services.intake.rules import normal_phone
from services.intake.schemas import FiledTicket
from shared import problems
from shared.answers import problems_of
from shared.events.words import Channel, Role
from shared.idempotency import hash_body, read_key
from shared.problems import field_error
from shared.security import Principal
from shared.settings import Settings

ADDRESS = "X-Client-Address"
OWN = (Channel.WEB, Channel.APP, Channel.MINI_PROGRAM)
PROBLEMS = problems_of(
    problems.Malformed,
    problems.LengthRequired,
    problems.TooLarge,
    problems.TooManyTries,
    problems.StillRunning,
    problems.Unavailable,
)
router = APIRouter(prefix="/v1/public", tags=["public"], responses=PROBLEMS)


class PublicLimits:
    """How much the web form takes from one address and one telephone number."""

    def __init__(self, settings: Settings) -> None:
        self.addresses = HourlyLimit(settings.public_tickets_per_address)
        self.phones = HourlyLimit(settings.public_tickets_per_phone)
        self.files = HourlyLimit(settings.public_files_per_address)


@router.post("/tickets", status_code=201, response_model=FiledTicket)
async def file_public(body: schemas.PublicTicketIn, request: Request) -> Response:
    """群众自助提交诉求，无须登录；同一地址、同一电话每小时有上限 (A1)."""
    if body.channel not in OWN:
        raise field_error("channel", "not_public", f"可用：{'、'.join(OWN)}")
    phone = normal_phone(body.phone)
    if not phone:
        raise field_error("phone", "string_pattern_mismatch", "请填写联系电话")
    limits, address = _limits(request), _address(request)
    limits.addresses.take(address)
    limits.phones.take(phone)
    fields = body.model_dump(exclude={"name", "phone"}, exclude_none=True)
    form = TICKET.validate_python(fields | {"caller": {"name": body.name, "phone": body.phone}})
    key = read_key(request)
    content = hash_body(await request.body())
    kept = None if key is None else Key(f"{PUBLIC} {phone}", request.url.path, key, content)
    caller = Principal(PUBLIC, Role.OPERATOR, body.jurisdiction)
    state = request.app.state
    filed = await state.filer.file(await filing_of(state.directory, caller, form, kept))
    return Response(filed.body, filed.status, headers=filed.headers, media_type="application/json")


@router.post("/attachments", status_code=201, response_model=AttachmentOut, openapi_extra=UPLOADED)
async def upload_public(request: Request) -> Response:
    """群众自助上传文件，随后在提交诉求时写明编号；每小时有上限."""
    _limits(request).files.take(_address(request))
    return await keep_upload(request, Principal(PUBLIC, Role.OPERATOR, "000000"))


def _limits(request: Request) -> PublicLimits:
    limits: PublicLimits = request.app.state.public_limits
    return limits


def _address(request: Request) -> str:
    given = request.headers.get(ADDRESS)
    return given or (request.client.host if request.client is not None else "")
