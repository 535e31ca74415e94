"""Which seats belong to a unit. Pure."""

from shared.events.kinds import Seat


def wrong_unit(kind: Seat, unit: str | None) -> str | None:
    """Why a seat cannot have this unit, in Chinese; none where it can (XS 三(一), GS 二(四)3)."""
    if kind is Seat.EXPERT and unit is None:
        return "专家座席须写明选派单位"
    if kind is not Seat.EXPERT and unit is not None:
        return "只有专家座席属于承办单位，其他座席请不要填写"
    return None
