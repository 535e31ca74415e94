"""The second factor: codes of an authenticator (TOTP, RFC 6238), and codes for when it is lost."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime

import pyotp

STEP_SECONDS = 30
STEPS_BESIDE = 1
"""A code is good for the step before and after too: clocks differ."""
TITLE = "12345热线"
RECOVERY_BYTES = 8
CODE = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """A fresh secret, in base32 as authenticators take it."""
    return pyotp.random_base32()


def address_of(secret: str, work_number: str) -> str:
    """The `otpauth://` address that an authenticator reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=work_number, issuer_name=TITLE)


def step_of(secret: str, code: str, *, now: datetime, after: int) -> int | None:
    """The step whose code this is, later than `after` (a code is taken once); none for no code."""
    current = int(now.timestamp()) // STEP_SECONDS
    made = pyotp.TOTP(secret, interval=STEP_SECONDS)
    for step in range(current - STEPS_BESIDE, current + STEPS_BESIDE + 1):
        if step > after and hmac.compare_digest(made.generate_otp(step), code):
            return step
    return None


def new_recovery_code() -> str:
    """Sixteen hexadecimal digits in fours: 64 random bits, tried as rarely as passwords."""
    digits = secrets.token_hex(RECOVERY_BYTES)
    return "-".join(digits[place : place + 4] for place in range(0, len(digits), 4))


def hash_recovery_code(code: str) -> bytes:
    """What is stored of it, however it was typed."""
    return hashlib.sha256(re.sub(r"[^0-9a-f]", "", code.lower()).encode()).digest()
