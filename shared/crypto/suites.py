"""The provider of each suite."""

from collections.abc import Mapping

from shared.crypto.international import International
from shared.crypto.national import National
from shared.crypto.provider import Provider, Suite

PROVIDERS: Mapping[Suite, Provider] = {
    Suite.INTERNATIONAL: International(),
    Suite.NATIONAL: National(),
}
"""A hardware module is put here, in the place of the suite that it does."""
