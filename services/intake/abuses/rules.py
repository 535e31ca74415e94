"""The documents that follow abuse: what they are called, and how they are numbered. Pure."""

from enum import StrEnum


class AbuseNoticeKind(StrEnum):
    """What becomes of abuse that may be against the law (ZY 29)."""

    JUDICIAL = "judicial"
    CREDIT = "credit"


TITLES = {
    AbuseNoticeKind.JUDICIAL: "涉嫌违法行为线索移交函",
    AbuseNoticeKind.CREDIT: "信用管理告知函",
}
SIGNS = {AbuseNoticeKind.JUDICIAL: "移", AbuseNoticeKind.CREDIT: "信"}


def number_of(kind: AbuseNoticeKind, office: str, year: int, serial: int) -> str:
    """The document's number: kind, office, year, serial; the form is ours (default)."""
    return f"12345{SIGNS[kind]}字{office}〔{year}〕{serial}号"
