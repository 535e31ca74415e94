"""Master keys: secrets of the settings, by version, that wrap the keys kept in the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.crypto.blobs import HEADER_BYTES, read_header, write_header
from shared.crypto.provider import Provider
from shared.crypto.suites import PROVIDERS

SECRETS_PATTERN = r"^(\d{1,9}:[^,]{32,}(,\d{1,9}:[^,]{32,})*)?$"


class MasterKeyMissing(Exception):
    """A key was wrapped by a version that the settings do not have."""

    def __init__(self, version: int) -> None:
        super().__init__(f"master key version {version} is missing")
        self.version = version


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The version that wraps from now on, and all that still unwrap."""

    version: int
    secrets: Mapping[int, str] = field(repr=False)

    def wrap(self, provider: Provider, key: bytes, purpose: bytes) -> bytes:
        """A key as it may lie in the database."""
        header = write_header(provider.suite, self.version)
        wrapping = provider.derive_key(self.secrets[self.version], b"wrap")
        return header + provider.cipher(wrapping).seal(key, header + purpose)

    def unwrap(self, wrapped: bytes, purpose: bytes) -> bytes:
        """The key again. Raises `MasterKeyMissing`, and `CannotOpen` for another secret."""
        suite, version = read_header(wrapped)
        if version not in self.secrets:
            raise MasterKeyMissing(version)
        provider, header = PROVIDERS[suite], wrapped[:HEADER_BYTES]
        wrapping = provider.derive_key(self.secrets[version], b"wrap")
        return provider.cipher(wrapping).open(wrapped[HEADER_BYTES:], header + purpose)


def read_secrets(written: str) -> dict[int, str]:
    """`1:secret,2:secret`, as settings hold them (`SECRETS_PATTERN`)."""
    pairs = (one.partition(":") for one in written.split(",") if one)
    return {int(version): secret for version, _, secret in pairs}
