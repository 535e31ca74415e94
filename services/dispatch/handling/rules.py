"""What a reply must say, and what it must not (ZY 13, 22). Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from shared.personal import PRIVATE, Kind, find, mask

ELEMENTS = ("findings", "basis", "result", "contact")
"""The elements that have a field of their own; a pack may ask for more under other codes."""
NAMES = {Kind.MOBILE: "手机号", Kind.ID_CARD: "身份证号"}


class Element(Protocol):
    """One line of the pack's `reply.required`."""

    @property
    def code(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def source(self) -> str: ...


class Fault(NamedTuple):
    """A field that is wrong, and why."""

    field: str
    code: str
    message: str


def missing(given: Mapping[str, str], required: Sequence[Element]) -> list[Fault]:
    """The elements that the pack asks for and the reply lacks (ZY 13, 14.2: 回复要素不齐)."""
    return [
        Fault(
            one.code if one.code in ELEMENTS else f"more.{one.code}",
            "missing_element",
            f"答复须写明{one.text}（{'本平台默认' if one.source == 'default' else one.source}）",
        )
        for one in required
        if not given.get(one.code, "").strip()
    ]


def numbers_in(given: Mapping[str, str]) -> set[str]:
    """The mobile and identity-card numbers that stand in texts, by their digits."""
    return {
        found.number for text in given.values() for found in find(text) if found.kind in PRIVATE
    }


def personal_data(given: Mapping[str, str], *, own: set[str], others: str = "more.") -> list[Fault]:
    """Where texts hold a mobile or identity-card number that is not a unit's own (ZY 22).

    `others`: below which field those stand that are no elements of every reply.
    """
    return [
        Fault(
            name if name in ELEMENTS else f"{others}{name}",
            "personal_data",
            f"第 {found.start + 1} 字起有{NAMES[found.kind]} {mask(found)}，答复不得写入个人号码"
            "（ZY 22）；请删去，需要时写“已电话联系诉求人”；本单位的值守电话请先登记为联系方式",
        )
        for name, text in given.items()
        for found in find(text)
        if found.kind in PRIVATE and found.number not in own
    ]
