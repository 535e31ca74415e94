"""AWS Signature Version 4 for S3, from its public description."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "s3"
EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose signature, and for which region."""

    access_key: str
    secret_key: str
    region: str


def sign(
    credentials: Credentials, method: str, url: str, *, content_sha256: str, at: datetime
) -> dict[str, str]:
    """The headers that sign a call; its query's parts must be encoded and sorted already."""
    parts = urlsplit(url)
    moment = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "host": parts.netloc,
        "x-amz-content-sha256": content_sha256,
        "x-amz-date": moment,
    }
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        (
            method,
            parts.path or "/",
            parts.query,
            *(f"{name}:{headers[name]}" for name in sorted(headers)),
            "",
            names,
            content_sha256,
        )
    )
    scope = f"{moment[:8]}/{credentials.region}/{SERVICE}/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.digest(
        _key(credentials, moment[:8]),
        f"{ALGORITHM}\n{moment}\n{scope}\n{hashed}".encode(),
        "sha256",
    ).hex()
    authorization = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope},"
        f"SignedHeaders={names},Signature={signature}"
    )
    return headers | {"authorization": authorization}


def encode_query(query: Mapping[str, str]) -> str:
    """A query as a signature wants it."""
    return "&".join(f"{quote(name, '-_.~')}={quote(query[name], '-_.~')}" for name in sorted(query))


def _key(credentials: Credentials, day: str) -> bytes:
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (day, credentials.region, SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
