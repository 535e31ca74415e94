"""Administrative codes (GB/T 2260): which place lies within which."""

CODE_PATTERN = r"^[0-9]{6}([0-9]{3}){0,2}$"
"""Six digits down to the county, nine for a township, twelve for a village."""

# GB/T 2260: municipalities directly under the central government are one city.
MUNICIPALITIES = ("11", "12", "31", "50")


def prefix(code: str) -> str:
    """The digits that all codes within share: `530000` → `53`, `512000` → `5120`, `000000` → ``."""
    for length in (0, 2, 4):
        if code[length:].strip("0") == "":
            return code[:length]
    return code


def covers(outer: str, inner: str) -> bool:
    """Whether `inner` is `outer` or lies within it."""
    return inner.startswith(prefix(outer))


def is_province(code: str) -> bool:
    """Whether a code is a province's, or that of a municipality directly under the government."""
    return len(prefix(code)) == len("53")


def is_passed_on(origin: object, jurisdiction: str) -> bool:
    """Whether another platform, the `origin`, passed a request on to a province (YN 六(三)2)."""
    return origin is not None and is_province(jurisdiction)


def office_of(jurisdiction: str) -> str:
    """The place whose hotline office numbers documents: the city of a county, else the province."""
    code = jurisdiction[:6]
    if len(prefix(code)) <= 2 or code.startswith(MUNICIPALITIES):
        return code[:2] + "0000"
    return code[:4] + "00"
