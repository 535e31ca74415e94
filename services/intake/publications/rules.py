"""What may be published, and how it is made fit. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from shared.events.words import RequestType, State
from shared.personal import redact


class PublicationState(StrEnum):
    """Where a result stands."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    SENT_BACK = "sent_back"
    TAKEN_BACK = "taken_back"


CHINESE = {
    PublicationState.PROPOSED: "待审核",
    PublicationState.PUBLISHED: "已公开",
    PublicationState.SENT_BACK: "退回修改",
    PublicationState.TAKEN_BACK: "已撤回",
}
HIDDEN = "〔已隐去〕"


def refusal(state: State, request_type: RequestType, *, about_unit: str | None) -> str | None:
    """Why a result may not be published, in Chinese; none where it may (decision of ours)."""
    if state is not State.CLOSED:
        return "只有办结的工单才能公开办理结果。"
    if request_type is RequestType.REPORT or about_unit is not None:
        return "举报，以及反映单位的投诉，不公开办理结果，以保护诉求人（ZY 22）。"
    return None


def fit(text: str, identity: Mapping[str, str]) -> str:
    """The text without personal data: what looks like it, and what the caller told us.

    The caller's number and address are known to intake, so they go however they are written.
    """
    address, phone = identity.get("address", ""), identity.get("phone", "")
    if len(address) > 3:
        text = text.replace(address, HIDDEN)
    known = [identity["name"]] if len(identity.get("name", "")) > 1 else []
    text = redact(text, known=known)
    return text.replace(phone, HIDDEN) if len(phone) > 4 else text


def is_fit(text: str, identity: Mapping[str, str]) -> bool:
    """Whether nothing personal is left in a text."""
    return fit(text, identity) == text
