"""Who is sent what without having asked, and where. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.events.words import Channel, State

UNHEARD = frozenset(
    {Channel.VOICEMAIL, Channel.SMS, Channel.EMAIL, Channel.LETTER, Channel.FAX},
)
"""Channels by which nobody hears the answer to what they said: number and code are sent."""
CODE_PLACE = "{query_code}"
"""Where the code comes to stand when the message is sent: it is stored nowhere."""
MAIL_SIGN = "@"


class Reach(NamedTuple):
    """Where a caller is reached: `kind` is `phone` or `email`."""

    kind: str
    value: str


def reach_of(identity: Mapping[str, object]) -> Reach | None:
    """Where a caller is reached: by telephone, else by mail; none where neither is known."""
    phone, contact = identity.get("phone"), str(identity.get("contact", ""))
    if phone is not None:
        return Reach("phone", str(phone))
    return Reach("email", contact) if MAIL_SIGN in contact else None


def is_told(channel: Channel, state: State, identity: Mapping[str, object] | None) -> bool:
    """Whether a caller is sent number and query code (A9): they can be, and nobody told them."""
    if channel not in UNHEARD or state is State.CLOSED or identity is None:
        return False
    return reach_of(identity) is not None


def receipt(number: str) -> str:
    """What they are sent."""
    return (
        f"您的诉求已登记，编号{number}，查询码{CODE_PLACE}，"
        "凭此可在线查看进展、补充和评价。查询码请勿告诉他人。"
    )
