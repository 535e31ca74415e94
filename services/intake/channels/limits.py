"""How much one sender may bring by the web form in an hour; kept in memory, of so many senders."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from shared.problems import TooManyTries

WINDOW_SECONDS = 3600.0
SENDERS_MAX = 100_000


class HourlyLimit:
    """Counts by sender. One process's own: behind several, each counts for itself."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, sender: str) -> None:
        """Count one. Raises `TooManyTries`, with when there is room again."""
        now = self._clock()
        times = self._seen.pop(sender, None) or deque()
        while times and now - times[0] >= WINDOW_SECONDS:
            times.popleft()
        self._seen[sender] = times
        if len(self._seen) > SENDERS_MAX:
            self._seen.popitem(last=False)
        if len(times) >= self._most:
            raise TooManyTries(math.ceil(WINDOW_SECONDS - (now - times[0])))
        times.append(now)
