"""What intake decides without looking anything up."""

import hashlib
import hmac
from datetime import datetime, timedelta, timezone
from uuid import UUID

from shared.events.words import Act, CloseReason, Satisfaction, State
from shared.policy.values import CLOSING

SHANGHAI = timezone(timedelta(hours=8))
QUERY_CODE_DIGITS = 8
TITLE_LENGTH_MAX = 30
COMPLAINED_OF = "诉求涉及该单位或其上级，不得由其核实或处置（XS 三(四)、ZY 27.2）"
"""Why a request goes neither to the unit that it complains of nor to one below it."""
UNANSWERED = (
    *(State.ACCEPTED, State.DISPATCHED, State.SIGNED, State.RETURN_REQUESTED),
    *(State.INTERIM_CLOSED, State.CHECKING, State.COORDINATING, State.LINKED),
)
"""The states in which a request was accepted and has no reply."""
ALLOWED: dict[State, tuple[Act, ...]] = {
    State.VERIFYING: (Act.VERIFY, Act.AMEND),
    **dict.fromkeys(UNANSWERED, (Act.AMEND, Act.WITHDRAW)),
    State.REPLIED: (Act.FOLLOW_UP, Act.RATE, Act.AMEND, Act.SCREEN, Act.DECIDE_SCREENING),
}
"""The acts of the caller's side that a state allows."""


def ticket_number(jurisdiction: str, accepted_at: datetime, serial: int) -> str:
    """The number that a caller is told: place, day in Shanghai, serial."""
    return f"{jurisdiction}-{accepted_at.astimezone(SHANGHAI):%y%m%d}-{serial:07d}"


def query_code(ticket_id: UUID, secret: bytes) -> str:
    """The code that opens a ticket to its caller; made from its id, so it is stored nowhere."""
    digest = hmac.digest(secret, b"query-code" + ticket_id.bytes, hashlib.sha256)
    return f"{int.from_bytes(digest[:8]) % 10**QUERY_CODE_DIGITS:0{QUERY_CODE_DIGITS}d}"


def title_of(content: str) -> str:
    """The first words of a request that has no title."""
    words = " ".join(content.split())
    end = next((place for place, sign in enumerate(words) if sign in "。！？!?；;"), len(words))
    title = words[: min(end, TITLE_LENGTH_MAX)].strip()
    return title or words[:TITLE_LENGTH_MAX]


def normal_phone(phone: str) -> str:
    """A telephone number in the one form by which it is found again."""
    digits = "".join(sign for sign in phone if sign.isdigit()).removeprefix("0086")
    return digits[2:] if len(digits) == 13 and digits.startswith("861") else digits


def mask_name(name: str) -> str:
    """`欧阳某某` → `欧***`."""
    return name[:1] + "*" * max(len(name) - 1, 1)


def mask_phone(phone: str) -> str:
    """`13800001234` → `138****1234`."""
    if len(phone) < 8:
        return "*" * len(phone)
    return phone[:3] + "*" * (len(phone) - 7) + phone[-4:]


def mask_address(address: str) -> str:
    """The first six signs of an address stay."""
    return address[:6] + "****" if len(address) > 6 else "****"


def closes(result: Satisfaction, *, conforms: bool) -> CloseReason | None:
    """Why a rating closes its ticket, if it does (ZY 14.1)."""
    if result in CLOSING:
        return CloseReason.SATISFIED
    return CloseReason.CONFORMS if conforms else None
