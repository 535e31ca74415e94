"""Signatures, digests and sealed identities, as the specification says them."""

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from tests.foreign.store import canonical

TAG = "hotline-12345"
COVERED = ("@method", "@authority", "@path", "@query")
LIFETIME_SECONDS = 300
SKEW_SECONDS = 300
LENGTH_MAX = 100
PROFILE_SECONDS_MAX = 86_400
MEMBER = re.compile(
    r'\s*([a-z*][a-z0-9_.*-]*)=\(([^()]*)\)((?:;[a-z*][a-z0-9_.*-]*(?:=(?:"[^"]*"|-?\d+))?)*)\s*(?:,|$)'
)
PARAMETER = re.compile(r';([a-z*][a-z0-9_.*-]*)=(?:"([^"]*)"|(-?\d+))')
BYTES = re.compile(r"\s*([a-z0-9_.*-]+)=:([A-Za-z0-9+/=]*):\s*(?:,|$)")
HPKE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class Refused(Exception):
    """A request that is not answered, with the status and the code that say why."""

    def __init__(self, status: int, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.status, self.code = status, code


@dataclass
class Key:
    """A key pair of ours."""

    key_id: str
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def public(self) -> str:
        """As it stands in the keys document."""
        return base64.b64encode(self.private.public_key().public_bytes_raw()).decode()


def sign(
    method: str, url: str, body: bytes, key: Key, *, created: int | None = None, nonce: str = ""
) -> dict[str, str]:
    """The headers of a signed request."""
    headers = {}
    values = _values(method, url)
    if body:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers["Content-Digest"] = values["content-digest"] = f"sha-256=:{digest}:"
    at = int(time.time()) if created is None else created
    params = (
        "(" + " ".join(f'"{name}"' for name in values) + ")"
        f';created={at};keyid="{key.key_id}";alg="ed25519";expires={at + LIFETIME_SECONDS}'
        f';nonce="{nonce or secrets.token_urlsafe(18)}";tag="{TAG}"'
    )
    signature = key.private.sign(signature_base(values, params))
    headers["Signature-Input"] = f"hotline={params}"
    headers["Signature"] = f"hotline=:{base64.b64encode(signature).decode()}:"
    return headers


def signature_base(values: Mapping[str, str], params: str) -> bytes:
    """What is signed."""
    lines = [f'"{name}": {value}' for name, value in values.items()]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode("ascii")


def verify(
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    find_key: Callable[[str], Ed25519PublicKey | None],
) -> tuple[str, str]:
    """Check a request; its key id and its nonce. Raises `Refused`."""
    joined: dict[str, str] = {}
    for name, value in headers:
        before = joined.get(name.lower())
        joined[name.lower()] = value if before is None else f"{before}, {value}"
    label, names, raw, params = _claim(joined.get("signature-input", ""))
    missing = [name for name in COVERED if name not in names]
    if body and "content-digest" not in names:
        missing.append("content-digest")
    if missing or any(name not in params for name in ("created", "keyid", "nonce")):
        raise Refused(401, "signature_missing")
    key = find_key(str(params["keyid"]))
    if key is None:
        raise Refused(401, "key_unknown")
    values = _values(method, url) | joined
    if any(name not in values for name in names):
        raise Refused(401, "signature_missing")
    signature = dict(BYTES.findall(joined.get("signature", ""))).get(label, "")
    try:
        base = signature_base({name: values[name] for name in names}, raw)
        key.verify(base64.b64decode(signature), base)
    except (InvalidSignature, ValueError) as error:
        raise Refused(401, "signature_wrong") from error
    _check_time(params)
    digests = dict(BYTES.findall(joined.get("content-digest", "")))
    if body and digests.get("sha-256") != base64.b64encode(hashlib.sha256(body).digest()).decode():
        raise Refused(401, "digest_wrong")
    return str(params["keyid"]), str(params["nonce"])


def _claim(line: str) -> tuple[str, list[str], str, dict[str, str | int]]:
    """The one signature with our tag: label, what it covers, its parameters raw and read."""
    found = []
    for label, inner, tail in MEMBER.findall(line):
        params: dict[str, str | int] = {
            name: int(number) if number else text for name, text, number in PARAMETER.findall(tail)
        }
        if params.get("tag") == TAG:
            found.append((label, re.findall(r'"([^"]+)"', inner), f"({inner}){tail}", params))
    if len(found) != 1:
        raise Refused(401, "signature_missing")
    for name in ("keyid", "nonce"):
        if not 0 < len(str(found[0][3].get(name, ""))) <= LENGTH_MAX:
            raise Refused(401, "signature_missing")
    return found[0]


def _check_time(params: Mapping[str, str | int]) -> None:
    now, created = time.time(), int(params["created"])
    if created > now + SKEW_SECONDS:
        raise Refused(401, "signature_early")
    if now > created + LIFETIME_SECONDS or now > int(params.get("expires", created + 300)):
        raise Refused(401, "signature_old")


def _values(method: str, url: str) -> dict[str, str]:
    parts = urlsplit(url)
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else parts.port
    return {
        "@method": method,
        "@authority": f"{(parts.hostname or '').lower()}{f':{port}' if port else ''}",
        "@path": parts.path or "/",
        "@query": f"?{parts.query}",
    }


def signed(told: Mapping[str, Any], key: Key) -> dict[str, Any]:
    """A document with our signature in it."""
    value = key.private.sign(canonical(dict(told)).encode())
    signature = {"key_id": key.key_id, "value": base64.b64encode(value).decode()}
    return dict(told) | {"signature": signature}


def require_signed(
    profile: Mapping[str, Any], platform: str, keys: Mapping[str, Ed25519PublicKey]
) -> None:
    """What a platform says of itself is its own word, and holds now. Raises `Refused`."""
    told = dict(profile)
    signature = told.pop("signature", None) or {}
    key = keys.get(signature.get("key_id", ""))
    if key is None or told["platform"] != platform:
        raise Refused(401, "key_unknown")
    try:
        key.verify(base64.b64decode(signature["value"]), canonical(told).encode())
    except (InvalidSignature, ValueError) as error:
        raise Refused(401, "signature_wrong") from error
    left = datetime.fromisoformat(told["valid_until"]).timestamp() - time.time()
    if not 0 < left <= PROFILE_SECONDS_MAX:
        raise Refused(401, "signature_old")


def seal(public: str, content: Mapping[str, Any], bound: str) -> str:
    """An identity for the owner of a public key alone."""
    key = X25519PublicKey.from_public_bytes(base64.b64decode(public))
    plain = json.dumps(content, ensure_ascii=False).encode()
    return base64.b64encode(HPKE.encrypt(plain, key, info=bound.encode())).decode()


def unseal(private: X25519PrivateKey, sealed: str, bound: str) -> dict[str, Any]:
    """An identity that was sealed for us. Raises `Refused`."""
    try:
        plain = HPKE.decrypt(base64.b64decode(sealed), private, info=bound.encode())
    except (InvalidTag, ValueError) as error:
        raise Refused(422, "sealed_caller") from error
    opened: dict[str, Any] = json.loads(plain)
    return opened
