"""What stands against an extension, as the problems that people are told."""

from collections.abc import Mapping

from services.sla.extensions.rules import Reason, Refusal
from services.sla.handling.operations import NothingRunning
from shared.problems import ActRefused, FieldError


class ExtensionNotAllowedForType(ActRefused):
    """Tickets of this type are not extended."""

    code = "extension_not_allowed_for_type"
    detail = "该类工单不予延期。"


class ExtensionTooLate(ActRefused):
    """More time was asked for too late."""

    code = "extension_too_late"
    detail = "已过可以申请延期的时间。"


class ExtensionTooOften(ActRefused):
    """More time was asked for as often as the rules allow."""

    code = "extension_too_often"
    detail = "申请延期的次数已用完。"


class ExtensionTooLong(ActRefused):
    """More days were asked for than the rules allow."""

    code = "extension_too_long"
    detail = "延期超过允许的天数。"


class ExtensionPending(ActRefused):
    """An application waits to be decided."""

    code = "extension_pending"
    detail = "已有一件延期申请待审核。"


class ExtensionSetByLaw(ActRefused):
    """The handling time is set by law, which alone can extend it."""

    code = "extension_set_by_law"
    detail = "办理时限由法律法规规定，不适用延期规则。"


class ExtensionNotExplained(ActRefused):
    """The unit has not told the caller of the extension."""

    code = "extension_not_explained"
    detail = "承办单位尚未向诉求人说明延期情况。"


PROBLEMS: Mapping[Reason, type[ActRefused]] = {
    Reason.NOT_ALLOWED_FOR_TYPE: ExtensionNotAllowedForType,
    Reason.TOO_LATE: ExtensionTooLate,
    Reason.TOO_OFTEN: ExtensionTooOften,
    Reason.TOO_LONG: ExtensionTooLong,
    Reason.PENDING: ExtensionPending,
    Reason.NOTHING_RUNNING: NothingRunning,
    Reason.SET_BY_LAW: ExtensionSetByLaw,
    Reason.NOT_EXPLAINED: ExtensionNotExplained,
}


def refuse(refusal: Refusal | None, *, at_least: tuple[str, ...] = ()) -> None:
    """Raise the problem of a refusal, if there is one; `at_least` stays allowed."""
    if refusal is None:
        return
    code, detail = str(refusal.reason), refusal.detail
    errors = []
    if refusal.field is not None:
        errors = [FieldError(field=refusal.field, code=code, message=detail)]
    allowed = [*refusal.allowed, *at_least]
    raise PROBLEMS[refusal.reason](detail, errors=errors, allowed=allowed)
