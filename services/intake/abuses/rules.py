"""The documents that follow abuse: what they are called, and how they are numbered. Pure."""

from enum import StrEnum


class NoticeKind(StrEnum):
    """What becomes of abuse that may be against the law (ZY 29)."""

    JUDICIAL = "judicial"
    CREDIT = "credit"


TITLES = {
    NoticeKind.JUDICIAL: "涉嫌违法行为线索移交函",
    NoticeKind.CREDIT: "信用管理告知函",
}
SIGNS = {NoticeKind.JUDICIAL: "移", NoticeKind.CREDIT: "信"}


def number_of(kind: NoticeKind, office: str, year: int, serial: int) -> str:
    """The document's number: kind, office, year, serial; the form is ours (default)."""
    return f"12345{SIGNS[kind]}字{office}〔{year}〕{serial}号"
