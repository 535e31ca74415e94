"""Signatures over HTTP requests (RFC 9421) with a digest of the body (RFC 9530).

What is signed is the method, the authority, the path, the query and the body's digest; not the
scheme, which a proxy that ends TLS changes.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, NamedTuple, cast

import http_sf
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
    InvalidSignature,
)

from services.gateway.peers.refusals import DigestWrong, SignatureMissing, SignatureWrong
from services.gateway.peers.rules import Algorithm
from shared.crypto.provider import Provider, Suite
from shared.crypto.suites import PROVIDERS

TAG = "hotline-12345"
LABEL = "hotline"
COVERED = ("@method", "@authority", "@path", "@query")
DIGEST = "content-digest"
NAME_LENGTH_MAX = 100
"""Of a key's id and of a nonce."""
SECONDS_MAX = 2**37
LIFETIME = timedelta(minutes=5)
HASHES = {"sha-256": "sha256", "sha-512": "sha512", "sm3": "sm3"}
"""RFC 9530's names, and SM3's, which has none there."""

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of ours that signs."""

    key_id: str
    algorithm: Algorithm
    private: bytes = field(repr=False)
    """As its provider keeps it."""


class VerifyKey(NamedTuple):
    """A key of a peer that verifies."""

    algorithm: Algorithm
    public: bytes
    """As its provider gives it to others: raw for Ed25519, the uncompressed point for SM2."""


class Claim(NamedTuple):
    """What a signature says of itself; nothing of it is verified."""

    key_id: str
    created: datetime
    expires: datetime | None
    nonce: str
    covers_digest: bool


@dataclass(slots=True)
class _Request:
    method: str
    url: str
    headers: Any


class _ByProvider(HTTPSignatureAlgorithm):
    """What the library asks of an algorithm, answered by the provider that has it."""

    provider: ClassVar[Provider]

    def __init__(self, public_key: Any = None, private_key: Any = None) -> None:  # noqa: ANN401
        self._public = public_key
        self._private = private_key

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        return self.provider.sign(self._private, message)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raises `InvalidSignature`."""
        if not self.provider.is_signed(self._public, message, signature):
            raise InvalidSignature("not signed with this key")


class Ed25519(_ByProvider):
    """RFC 9421 3.3.6."""

    algorithm_id = Algorithm.ED25519.value
    provider = PROVIDERS[Suite.INTERNATIONAL]


class Sm2(_ByProvider):
    """SM2 with SM3; its name is ours, the register of RFC 9421 has none."""

    algorithm_id = Algorithm.SM2.value
    provider = PROVIDERS[Suite.NATIONAL]


ALGORITHMS: Mapping[Algorithm, type[_ByProvider]] = {
    Algorithm.ED25519: Ed25519,
    Algorithm.SM2: Sm2,
}


class _Resolver(HTTPSignatureKeyResolver):
    def __init__(self, key: Any) -> None:  # noqa: ANN401  a private or a public key
        self._key = key

    def resolve_public_key(self, key_id: str) -> Any:  # noqa: ANN401
        """The one key at hand."""
        return self._key

    def resolve_private_key(self, key_id: str) -> Any:  # noqa: ANN401
        """The one key at hand."""
        return self._key


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:  # noqa: ANN401
        """The door judges times by itself, each with its own refusal."""


class _Lines:
    def __init__(self, lines: Headers) -> None:
        self._lines = lines

    def items(self) -> Headers:
        return self._lines


def sign_headers(method: str, url: str, body: bytes, key: SigningKey) -> dict[str, str]:
    """The headers that sign one request as it will be sent, good for `LIFETIME` from now.

    `url` is whole and percent-encoded. A request that is sent again must be signed again: its
    nonce counts once.
    """
    request = _Request(method, url, dict[str, str]())
    created = datetime.now(UTC)
    HTTPMessageSigner(
        signature_algorithm=ALGORITHMS[key.algorithm], key_resolver=_Resolver(key.private)
    ).sign(
        request,
        key_id=key.key_id,
        created=created,
        expires=created + LIFETIME,
        nonce=secrets.token_urlsafe(18),
        label=LABEL,
        tag=TAG,
        covered_component_ids=COVERED,
        body=body or None,
    )
    signed: dict[str, str] = request.headers
    return signed


def read_claim(headers: Headers) -> Claim:
    """What the signature with our tag says. Raises `SignatureMissing`, naming what is missing."""
    headers = list(headers)
    present = {name.lower() for name, _ in headers}
    if "signature" not in present:
        raise SignatureMissing("缺少 Signature 头。")
    found = [
        (components, params)
        for components, params in _members(headers, "signature-input")
        if params.get("tag") == TAG
    ]
    if len(found) != 1 or not isinstance(found[0][0], list):
        raise SignatureMissing(f"Signature-Input 中须有且仅有一个 tag 为 {TAG} 的签名。")
    components, params = found[0]
    covered = {name for name, more in components if not more}
    for name in COVERED:
        if name not in covered:
            raise SignatureMissing(f"签名未覆盖 {name}。")
    if DIGEST in covered - present:
        raise SignatureMissing("缺少 Content-Digest 头。")
    for name in ("created", "keyid", "nonce"):
        if name not in params:
            raise SignatureMissing(f"签名缺少参数 {name}。")
    return Claim(
        _name(params, "keyid"),
        _moment(params, "created"),
        _moment(params, "expires") if "expires" in params else None,
        _name(params, "nonce"),
        DIGEST in covered,
    )


def verify(method: str, url: str, headers: Headers, key: VerifyKey) -> None:
    """Check that the key signed this request. Raises `SignatureWrong`."""
    verifier = _Verifier(
        signature_algorithm=ALGORITHMS[key.algorithm], key_resolver=_Resolver(key.public)
    )
    try:
        verifier.verify(_Request(method, url, _Lines(headers)), max_age=None, expect_tag=TAG)
    except InvalidSignature as error:
        raise SignatureWrong from error


class BodyCheck:
    """Compares a body, given piece by piece, with the Content-Digest that was signed."""

    def __init__(self, headers: Headers) -> None:
        """Raises `DigestWrong` where the field is unreadable or names no known algorithm."""
        self._wanted: list[bytes] = []
        self._hashes = []
        for name, (value, _) in _named_members(headers, DIGEST).items():
            if name in HASHES and isinstance(value, bytes):
                self._wanted.append(value)
                self._hashes.append(hashlib.new(HASHES[name]))
        if not self._hashes:
            raise DigestWrong(f"Content-Digest 须包含 {'、'.join(HASHES)} 之一。")

    def take(self, piece: bytes) -> None:
        """The next piece of the body."""
        for one in self._hashes:
            one.update(piece)

    def finish(self) -> None:
        """The body is whole. Raises `DigestWrong`."""
        for one, wanted in zip(self._hashes, self._wanted, strict=True):
            if not secrets.compare_digest(one.digest(), wanted):
                raise DigestWrong


def _members(headers: Headers, name: str) -> list[Any]:
    try:
        return list(_parse(headers, name).values())
    except ValueError as error:
        raise SignatureMissing(f"{name} 无法识别。") from error


def _named_members(headers: Headers, name: str) -> dict[str, Any]:
    try:
        return _parse(headers, name)
    except ValueError as error:
        raise DigestWrong(f"{name} 无法识别。") from error


def _parse(headers: Headers, name: str) -> dict[str, Any]:
    lines = ", ".join(value for key, value in headers if key.lower() == name)
    return cast("dict[str, Any]", http_sf.parse(lines.encode("latin-1"), tltype="dictionary"))


def _name(params: Mapping[str, Any], name: str) -> str:
    value = params[name]
    if not isinstance(value, str) or not 0 < len(value) <= NAME_LENGTH_MAX:
        raise SignatureMissing(f"签名参数 {name} 应为 1 至 {NAME_LENGTH_MAX} 个字符。")
    return value


def _moment(params: Mapping[str, Any], name: str) -> datetime:
    value = params[name]
    if type(value) is int and 0 <= value < SECONDS_MAX:
        return datetime.fromtimestamp(value, UTC)
    raise SignatureMissing(f"签名参数 {name} 应为整数秒。")
