"""Which addresses guess: kept in memory, so many of them and no more."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from services.intake.public.rules import delay_seconds
from shared.problems import TooManyTries
from shared.settings import Settings


class Seen(NamedTuple):
    """What one address tried of late, in seconds of the process's own clock."""

    tries: int
    last_at: float
    next_at: float


class Addresses:
    """Counts tries by address; a right code takes its try back."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def take_try(self, address: str) -> None:
        """Count a try. Raises `TooManyTries` while the address must wait."""
        settings, now = self._settings, self._clock()
        seen = self._seen.pop(address, None)
        if seen is None or now - seen.last_at > settings.public_forget_seconds:
            seen = Seen(0, now, now)
        if seen.next_at > now:
            self._seen[address] = seen
            raise TooManyTries(math.ceil(seen.next_at - now))
        tries = seen.tries + 1
        delay = delay_seconds(
            tries,
            free=settings.public_address_tries_free,
            first=settings.public_delay_seconds,
            longest=settings.public_delay_seconds_max,
        )
        self._seen[address] = Seen(tries, now, now + delay)
        if len(self._seen) > settings.public_addresses_max:
            self._seen.popitem(last=False)

    def give_back(self, address: str) -> None:
        """A right code is no guess: whoever comes from there need not wait for it."""
        seen = self._seen.get(address)
        if seen is not None:
            self._seen[address] = Seen(max(seen.tries - 1, 0), seen.last_at, self._clock())

    def __len__(self) -> int:
        return len(self._seen)
