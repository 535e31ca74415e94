"""Deadlines over REST that a ticket would have."""

from fastapi import APIRouter, Request

from services.sla.previews.rules import BadMatter, preview
from services.sla.previews.schemas import DeadlinePreview, PreviewDeadlines, show_preview
from shared.answers import problems_of
from shared.events.words import Step
from shared.policy.deadlines import Matter, Moments
from shared.problems import Malformed, Unauthenticated, field_error
from shared.security import Caller
from shared.service import runtime_of

router = APIRouter(prefix="/v1/deadlines", tags=["deadlines"])


@router.post(
    "/preview",
    summary="试算时限",
    responses=problems_of(Malformed, Unauthenticated),
)
async def preview_deadlines(
    body: PreviewDeadlines, request: Request, _: Caller
) -> dict[Step, DeadlinePreview]:
    """按诉求所在地、类型和紧急程度试算各环节的到期时间、规则、依据条款和跳过的日子。"""
    matter = Matter(body.type, body.urgency, body.is_enforcement, body.is_passed_on)
    moments = Moments(body.accepted_at, body.dispatched_at, body.signed_at)
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session:
        law = await runtime.law_book.read_in(session)
    try:
        return show_preview(preview(law, body.jurisdiction, matter, moments))
    except BadMatter as error:
        raise field_error(error.field, error.code, str(error)) from error
