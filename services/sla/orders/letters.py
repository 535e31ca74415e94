"""The text of an order, as an office sends it. Pure."""

from datetime import datetime
from typing import NamedTuple

from services.sla.orders.rules import DEFAULT, moment
from shared.events.chinese import CHINESE
from shared.events.words import OrderKind
from shared.policy.model import Pack
from shared.policy.supervision import Rung

# What is asked of the unit, by rung.
ASKED = {
    OrderKind.REMINDER: "请立即办理，并于 {due}前反馈办理情况。",
    OrderKind.ORDER: "请认真核查办理，并于 {due}前书面反馈办理情况。",
    OrderKind.COORDINATION: "请参加专题协调，落实议定事项，并于 {due}前书面反馈落实情况。",
    OrderKind.INTERVIEW: "请主要负责人接受约谈，限期整改，并于 {due}前书面反馈整改情况。",
    OrderKind.GOVERNMENT: "请按照政府督办要求整改落实，并于 {due}前书面报告整改情况。",
    OrderKind.ACCOUNTABILITY: "请配合调查处理，并于 {due}前书面报告有关情况。",
}
UNSIGNED_DUE = "签发后 {amount} 个工作日"
NUMERALS = "一二三四五六"


class Letter(NamedTuple):
    """What stands in the text of an order."""

    pack: Pack
    rung: Rung
    number: str | None
    unit: str
    unit_name: str | None
    grounds: str
    source: str
    due_at: datetime | None
    signed_by: str | None
    signed_at: datetime | None
    answer: str | None = None
    answered_at: datetime | None = None
    is_late: bool | None = None


def write_letter(letter: Letter) -> str:
    """The document in Markdown: number, unit, grounds with article, what is asked, signature."""
    addressee = f"{letter.unit_name}（{letter.unit}）" if letter.unit_name else letter.unit
    lines = [
        f"# {letter.rung.name.text}",
        "",
        f"编号：{letter.number or '（草稿，签发后编号）'}",
        "",
        f"{addressee}：",
    ]
    sections = [
        ("事由和证据", letter.grounds.splitlines()),
        ("依据", [basis_of(letter)]),
        ("要求", [asked_of(letter)]),
    ]
    if letter.answer is not None and letter.answered_at is not None:
        late = "（逾期）" if letter.is_late else ""
        sections.append(("反馈", [f"{moment(letter.answered_at)}{late}：", letter.answer]))
    for numeral, (title, words) in zip(NUMERALS, sections, strict=False):
        lines += ["", f"## {numeral}、{title}"]
        for paragraph in words:
            lines += ["", paragraph]
    return "\n".join([*lines, "", *_signature(letter), ""])


def basis_of(letter: Letter) -> str:
    """By which article of which document it is."""
    rung, pack = letter.rung, letter.pack
    own = f"{pack.document}（{letter.source}）" if letter.source != DEFAULT else None
    if own is None and rung.name.source != DEFAULT:
        own = f"{pack.document}（{rung.name.source}）"
    return f"{own}。" if own else f"本平台默认规则；{pack.document}未规定。"


def asked_of(letter: Letter) -> str:
    """What the unit must do, and by when."""
    within = letter.rung.answer_within
    due = moment(letter.due_at) if letter.due_at else UNSIGNED_DUE.format(amount=within.amount)
    words = ASKED[letter.rung.kind].format(due=f"{due} ")
    return words if within.source != DEFAULT else f"{words}（反馈期限为平台默认值）"


def _signature(letter: Letter) -> list[str]:
    signer = letter.rung.signed_by
    by = "系统按规则自动发出" if signer is None else f"{CHINESE[signer.value]}签发"
    if letter.signed_at is None:
        return [f"{by}：________　　年　月　日"]
    here = moment(letter.signed_at)
    return [f"{by}　{here}" if signer is None else f"{by}：{letter.signed_by}　{here}"]
