"""Times that people and other systems write."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime
from pydantic_core import PydanticCustomError

from shared.calendars import BEIJING

FIRST, END = datetime(1900, 1, 1, tzinfo=BEIJING), datetime(2201, 1, 1, tzinfo=BEIJING)
"""What lies before or after is a slip: nothing that a hotline tells of happened then.

Far outside neither Python nor PostgreSQL knows every time in every zone.
"""


def is_possible(at: datetime) -> bool:
    """Whether a time has a zone and lies where times of a hotline may lie."""
    return at.tzinfo is not None and FIRST <= at < END


def _require_possible(at: datetime) -> datetime:
    if not is_possible(at):
        raise PydanticCustomError("out_of_range", "the time must lie in the years 1900 to 2200")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(_require_possible)]
"""A time as input: with its zone, and possible. The field is named where it is not."""
