"""What the codes of our categories mean, as another platform is told beside them."""

import time
from collections.abc import Mapping

from services.gateway.calls import OURS, Calls
from shared.events.words import Service

KEPT_SECONDS = 60.0


class CategoryNames:
    """The name of each code, read at most once in `KEPT_SECONDS`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._names: Mapping[str, str] = {}
        self._until = 0.0

    async def get(self) -> Mapping[str, str]:
        """All of them. Raises `Unanswered`."""
        if time.monotonic() >= self._until:
            told = await self._calls.get(Service.INTAKE, "/v1/categories", OURS)
            self._names = {one["code"]: one["name"] for one in told}
            self._until = time.monotonic() + KEPT_SECONDS
        return self._names
