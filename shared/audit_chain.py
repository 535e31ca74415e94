"""The chain of the audit's entries: what is hashed, and how a change to it shows. Pure.

Each entry's hash covers the hash before it and its own canonical JSON. So whoever changes, removes
or inserts one must make all later ones anew, and then a checkpoint that was kept elsewhere does
not fit any more.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.crypto.provider import Suite
from shared.crypto.suites import PROVIDERS

GENESIS = bytes(32)
"""What stands for the hash before the first entry's."""
ALGORITHMS = {Suite.INTERNATIONAL: "sha256", Suite.NATIONAL: "sm3"}
"""Each entry says which one it was hashed with, so that a platform may change."""
HASHES: Mapping[str, Callable[[bytes], bytes]] = {
    name: PROVIDERS[suite].digest for suite, name in ALGORITHMS.items()
}
FIELDS = ("service", "number", "at", "action", "subject", "by", "purpose", "detail", "algorithm")
"""What the hash covers, beside the one before."""


class Link(NamedTuple):
    """Where a chain stands: the last entry's number and hash."""

    number: int = 0
    hash: bytes = GENESIS


class Fault(NamedTuple):
    """Something that is not as it was sealed."""

    service: str
    number: int
    kind: str
    """`changed`, `removed`, `out_of_order`, `cut` (the end is gone), `unreadable`, or `bad_key`."""


def canonical(entry: Mapping[str, Any]) -> bytes:
    """The one way to write an entry: JSON with its keys in order and nothing between them."""
    return orjson.dumps({name: entry[name] for name in FIELDS}, option=orjson.OPT_SORT_KEYS)


def chain_hash(previous: bytes, entry: Mapping[str, Any]) -> bytes:
    """The hash of an entry that follows on `previous`."""
    return HASHES[entry["algorithm"]](previous + canonical(entry))


def moment(at: datetime) -> str:
    """A time as entries write it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def line(entry: Mapping[str, Any], previous: bytes, own_hash: bytes) -> bytes:
    """An entry as an export writes it, without the line's end."""
    whole = {name: entry[name] for name in FIELDS}
    whole |= {"previous": previous.hex(), "hash": own_hash.hex()}
    return orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)


class Verifier:
    """Reads an export line by line and says what is wrong with it.

    With `checkpoints`, a chain that ends before one of them, or differs from it, is found too.
    """

    def __init__(self, checkpoints: Iterable[Mapping[str, Any]] = ()) -> None:
        self._service = ""
        self._ends: dict[str, Link] = {}
        self._wanted: dict[tuple[str, int], str] = {}
        self._unsigned: list[Fault] = []
        for one in checkpoints:
            if is_signed(one):
                wanted = {(one["service"], one["number"]): one["hash"]}
                self._wanted |= wanted if one["number"] > 0 else {}
            else:
                self._unsigned.append(Fault(str(one.get("service")), 0, "bad_key"))

    def take(self, content: bytes) -> Iterator[Fault]:
        """What is wrong with the next line, given with its end."""
        entry = _read(content)
        if entry is None:
            yield Fault(self._service, self._end(self._service).number + 1, "unreadable")
            return
        service, number = entry["service"], entry["number"]
        if service != self._service and (service in self._ends or service < self._service):
            yield Fault(service, number, "out_of_order")
        self._service = service
        yield from _faults(entry, self._end(service))
        self._ends[service] = Link(number, bytes.fromhex(entry["hash"]))
        if self._wanted.pop((service, number), entry["hash"]) != entry["hash"]:
            yield Fault(service, number, "changed")

    def end(self) -> Iterator[Fault]:
        """What the whole lacks."""
        yield from self._unsigned
        for service, number in sorted(self._wanted):
            yield Fault(service, min(number, self._end(service).number + 1), "cut")

    def _end(self, service: str) -> Link:
        return self._ends.get(service, Link())


def verify(
    lines: Iterable[bytes], checkpoints: Iterable[Mapping[str, Any]] = ()
) -> Iterator[Fault]:
    """What is wrong with an export, whose lines are given with their ends."""
    verifier = Verifier(checkpoints)
    for content in lines:
        yield from verifier.take(content)
    yield from verifier.end()


def sign(link: Link, *, service: str, platform: str, at: datetime, secret: str) -> dict[str, Any]:
    """A checkpoint: how far a chain went by when, signed with Ed25519."""
    key = _private_key(secret)
    checkpoint = {
        "service": service,
        "platform": platform,
        "number": link.number,
        "hash": link.hash.hex(),
        "at": moment(at),
        "public_key": key.public_key().public_bytes_raw().hex(),
    }
    return checkpoint | {"signature": key.sign(_signed(checkpoint)).hex()}


def public_key_of(secret: str) -> str:
    """The key that checkpoints made with this secret name."""
    return _private_key(secret).public_key().public_bytes_raw().hex()


def is_signed(checkpoint: Mapping[str, Any]) -> bool:
    """Whether a checkpoint's signature fits the key that it names; whose it is, is not asked."""
    try:
        key = bytes.fromhex(checkpoint["public_key"])
        Ed25519PublicKey.from_public_bytes(key).verify(
            bytes.fromhex(checkpoint["signature"]), _signed(checkpoint)
        )
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return isinstance(checkpoint["number"], int) and isinstance(checkpoint["service"], str)


def _signed(checkpoint: Mapping[str, Any]) -> bytes:
    names = ("service", "platform", "number", "hash", "at")
    return orjson.dumps({name: checkpoint[name] for name in names}, option=orjson.OPT_SORT_KEYS)


def _private_key(secret: str) -> Ed25519PrivateKey:
    seed = hashlib.sha256(b"hotline audit checkpoint\x00" + secret.encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def _read(content: bytes) -> dict[str, Any] | None:
    """The entry of a line, none where the line is not written as an export writes it."""
    try:
        entry = orjson.loads(content)
        previous, own_hash = bytes.fromhex(entry["previous"]), bytes.fromhex(entry["hash"])
        is_ours = (
            isinstance(entry["number"], int)
            and isinstance(entry["service"], str)
            and entry["algorithm"] in HASHES
            and content == line(entry, previous, own_hash) + b"\n"
        )
    except (KeyError, TypeError, ValueError):
        return None
    return entry if is_ours else None


def _faults(entry: Mapping[str, Any], last: Link) -> Iterator[Fault]:
    service, number = entry["service"], entry["number"]
    if number > last.number + 1:
        yield Fault(service, last.number + 1, "removed")
    elif number <= last.number:
        yield Fault(service, number, "out_of_order")
    elif bytes.fromhex(entry["previous"]) != last.hash:
        yield Fault(service, number, "changed")
    if chain_hash(bytes.fromhex(entry["previous"]), entry).hex() != entry["hash"]:
        yield Fault(service, number, "changed")
