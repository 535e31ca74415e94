"""Filing what another platform forwarded: by that platform alone, its caller opened for us."""

from services.intake.exchange_keys.opening import open_caller
from services.intake.identity import Vault
from services.intake.schemas import FileTicket
from shared.crossing import platform_of
from shared.events.words import Role
from shared.problems import field_error
from shared.runtime import Runtime
from shared.security import Principal

ONLY_HERE = (
    *("refusal", "answered_by", "verify", "history", "handed_over"),
    *("about_unit", "repeats", "override", "channel_ref"),
)
"""What no other platform says of a request: it is accepted here, and handled."""


def require_home(caller: Principal, body: FileTicket) -> None:
    """Raise `Malformed` where an origin is missing, another's, or comes with what is decided here.

    A platform files nothing but what it forwards.
    """
    if body.origin is None:
        if caller.role is Role.PLATFORM:
            raise field_error("origin", "missing", "其他平台登记诉求须填写来源（origin）")
        for name in ("sealed_caller", "category_name"):
            if getattr(body, name) is not None:
                raise field_error(name, "no_origin", "仅用于其他平台转来的诉求")
        return
    if caller.role is not Role.PLATFORM or body.origin.platform != platform_of(caller.subject):
        raise field_error("origin.platform", "not_yours", "只有该平台可以登记由其转来的诉求")
    others = [name for name in ONLY_HERE if getattr(body, name) is not None]
    if others or body.attachments:
        name = others[0] if others else "attachments"
        raise field_error(name, "conflict", "其他平台转来的诉求不得填写此项")


async def with_caller(
    runtime: Runtime, vault: Vault, caller: Principal, body: FileTicket
) -> FileTicket:
    """The request with the caller whom its platform sealed for us. Raises `Malformed`."""
    if body.origin is None:
        return body
    require_home(caller, body)
    if body.caller is not None:
        raise field_error("caller", "conflict", "转来的诉求人须加密，放在 sealed_caller 中")
    if body.sealed_caller is None:
        return body
    opened = await open_caller(
        runtime,
        vault,
        body.sealed_caller,
        sender=body.origin.platform,
        ticket_id=body.origin.ticket_id,
    )
    return body.model_copy(update={"caller": opened, "sealed_caller": None})
