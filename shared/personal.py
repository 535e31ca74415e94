"""Personal data in free text: numbers, names, home addresses. Pure, and measured on real messages.

Telephone numbers and the like are found by their form; a name only where words before or after it
say that it is one, an address only where it goes down to a building's door. What it misses and
takes wrongly is counted in `docs/notices.md`.
"""

import re
from collections.abc import Collection, Iterator
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from shared.personal_names import NAMES


class Kind(StrEnum):
    """What was found."""

    MOBILE = "mobile"
    ID_CARD = "id_card"
    LANDLINE = "landline"
    EMAIL = "email"
    BANK_CARD = "bank_card"
    PLATE = "plate"
    NAME = "name"
    ADDRESS = "address"


MARKS = {
    Kind.MOBILE: "〔手机号〕",
    Kind.ID_CARD: "〔身份证号〕",
    Kind.LANDLINE: "〔电话〕",
    Kind.EMAIL: "〔邮箱〕",
    Kind.BANK_CARD: "〔银行卡号〕",
    Kind.PLATE: "〔车牌号〕",
    Kind.NAME: "〔姓名〕",
    Kind.ADDRESS: "〔住址〕",
}
"""What stands in the place of what was removed."""


class Found(NamedTuple):
    """A place in a text: `text[start:end]`."""

    kind: Kind
    start: int
    end: int
    text: str

    @property
    def number(self) -> str:
        """Its digits alone, without a country's code, so that numbers can be compared."""
        return number_of(self.text)


PRIVATE = frozenset({Kind.MOBILE, Kind.ID_CARD})
"""What no text that leaves the platform may hold; the rest is taken out where it is published."""

_PLAIN = str.maketrans("０１２３４５６７８９－　", "0123456789- ")
_SPOKEN = str.maketrans("零〇一幺二三四五六七八九", "001123456789")
_GAP = r"[-\s—.·\u200b]{0,2}"
_CODE = r"(?<!\d)(?:\+?86" + _GAP + ")?"
_MOBILE = (
    rf"{_CODE}1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}(?!\d)",
    rf"{_CODE}1[3-9]\d\d{_GAP}\d{{3}}{_GAP}\d{{4}}(?!\d)",
    r"(?<!\d)1[-\s.·\u200b][3-9](?:[-\s.·\u200b]\d){9}(?!\d)",
    r"(?<![零〇一幺二三四五六七八九])[一幺][三四五六七八九][零〇一幺二三四五六七八九]{9}"
    r"(?![零〇一幺二三四五六七八九])",
)
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_ID_CARD = re.compile(
    rf"(?<![\dA-Za-z]){_PROVINCE}\d{{4}}{_GAP}(?P<born>(?:19|20)\d{{6}}){_GAP}\d{{3}}[\dXx]"
    r"(?![\dA-Za-z])"
)
_OLD_ID_CARD = re.compile(
    rf"身份证[^\d\n]{{0,10}}(?P<number>{_PROVINCE}\d{{4}}(?P<born>\d{{6}})\d{{3}})(?!\d)"
)
_AREA = r"0[1-9]\d{1,2}"
_LANDLINE = (
    rf"(?<!\d)(?:\({_AREA}\)|（{_AREA}）|{_AREA}){_GAP}\d{{7,8}}(?!\d)",
    r"(?:电话|座机|热线|拨打|致电|咨询|号码|联系)[^\d，。；,;\n]{0,6}(?P<number>(?<!\d)[2-8]\d{6,7})(?!\d)",
)
_EMAIL = (
    r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{2,63}){1,4}"
)
_BANK_CARD = re.compile(r"(?<!\d)[3-6]\d{3}(?:[-\s]?\d{4}){3}(?:[-\s]?\d{1,3})?(?!\d)")
_PLATE = (
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-Z][·•\s-]?"
    r"(?=[A-HJ-NP-Z]*\d)[A-HJ-NP-Z0-9]{5,6}(?![A-Za-z0-9])"
)
_COUNT = r"(?:[A-Za-z]?\d{1,4}|[A-Za-z]|[一二三四五六七八九十]{1,3})"
_BUILDING = rf"{_COUNT}(?:-\d{{1,3}})?(?:号楼|栋|幢|座|#|＃)"
_FLOOR = rf"(?:{_COUNT}单元)?(?:{_COUNT}(?:楼|层))?"
_DOOR = r"(?:[A-Za-z]?\d{2,5}(?:-\d{1,4})?(?:号房|室|房|号|户)?(?!\d|万|元|户|年|平|多|[㎡%％]))"
_ADDRESS = (
    rf"{_BUILDING}{_FLOOR}[-、]?{_DOOR}",
    rf"{_BUILDING}{_COUNT}单元",
    rf"{_COUNT}单元(?:{_COUNT}(?:楼|层))?{_DOOR}",
    r"(?<![\dA-Za-z])[A-Za-z]?\d{3,4}(?:号房|室)",
    r"(?:家住|住在|住址|居住于|居住在|家庭住址|家庭地址|户籍地址)[:：为是]?"
    r"(?P<number>[^，。；！？,;!?\s〔〕]{2,30}?\d{1,4}(?:号|组|社))",
)
_FORMS = (
    *((Kind.MOBILE, re.compile(form)) for form in _MOBILE),
    (Kind.EMAIL, re.compile(_EMAIL)),
    (Kind.PLATE, re.compile(_PLATE)),
    *((Kind.LANDLINE, re.compile(form)) for form in _LANDLINE),
    *((Kind.ADDRESS, re.compile(form)) for form in _ADDRESS),
    *((Kind.NAME, form) for form in NAMES),
)


def find(text: str, *, known: Collection[str] = ()) -> list[Found]:
    """All that is found, in the order of the text; no two overlap, the surer kind goes first.

    A name that is found once is found wherever the text repeats it. `known` are names of people
    that the text is about, so that they need no announcing word.
    """
    plain = text.translate(_PLAIN)
    candidates = list(_candidates(plain))
    names = {plain[start:end] for kind, start, end in candidates if kind is Kind.NAME}
    for name in sorted(names | {one for one in known if len(one) > 1}, key=len, reverse=True):
        candidates += [(Kind.NAME, *one.span()) for one in re.finditer(re.escape(name), plain)]
    taken: list[Found] = []
    for kind, start, end in candidates:
        if not any(start < other.end and other.start < end for other in taken):
            taken.append(Found(kind, start, end, text[start:end]))
    return sorted(taken, key=lambda found: found.start)


def redact(text: str, *, known: Collection[str] = ()) -> str:
    """The text with a mark in the place of each thing found; nothing is found in it any more."""
    known = [one for one in known if not any(one in mark for mark in MARKS.values())]
    while found := find(text, known=known):
        parts, last = list[str](), 0
        for one in found:
            parts += [text[last : one.start], MARKS[one.kind]]
            last = one.end
        text = "".join([*parts, text[last:]])
    return text


def mask(found: Found) -> str:
    """What was found, so that its writer knows which is meant and nobody else learns it."""
    shown = 3 if len(found.text) > 8 else 1
    return f"{found.text[:shown]}****{found.text[-shown:]}"


def number_of(written: str) -> str:
    """The digits of a number, however it is written, without the country's code."""
    spoken = written.translate(_PLAIN).translate(_SPOKEN)
    digits = "".join(sign for sign in spoken if sign.isascii() and (sign.isdigit() or sign in "Xx"))
    is_abroad = len(digits) == 13 and digits.startswith("86")
    return (digits[2:] if is_abroad else digits).upper()


def _candidates(plain: str) -> Iterator[tuple[Kind, int, int]]:
    for found in _ID_CARD.finditer(plain):
        if _is_day(found["born"]):
            yield (Kind.ID_CARD, *found.span())
    for found in _OLD_ID_CARD.finditer(plain):
        if _is_day("19" + found["born"]):
            yield (Kind.ID_CARD, *found.span("number"))
    for found in _BANK_CARD.finditer(plain):
        if _passes_luhn(found[0]):
            yield (Kind.BANK_CARD, *found.span())
    for kind, form in _FORMS:
        group = "number" if "number" in form.groupindex else 0
        for found in form.finditer(plain):
            yield (kind, *found.span(group))


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _passes_luhn(written: str) -> bool:
    digits = [int(sign) for sign in written if sign.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0
