"""What comes in to withdraw a request."""

from typing import Annotated

from pydantic import Field

from services.intake.schemas import Words
from shared.answers import Input


class Withdraw(Input):
    """撤回诉求，须说明理由；是否撤回由派单环节决定."""

    reason: Annotated[
        Words,
        Field(min_length=1, max_length=2_000, description="撤回的理由", examples=["已自行解决"]),
    ]
