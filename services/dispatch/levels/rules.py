"""Which place may be handed a ticket. Pure."""

from services.dispatch.directory.rules import outer_codes
from shared.jurisdictions import covers


def is_in_line(handling_place: str, to: str, *, mover: str) -> bool:
    """Whether `to` lies above or below the place that handles, or within the mover's own."""
    is_below = covers(handling_place, to) or covers(mover, to)
    return is_below or to in outer_codes(handling_place)
