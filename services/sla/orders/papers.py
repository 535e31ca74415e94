"""An order that has taken effect as an official document, the same words as its text. Pure."""

from collections.abc import Mapping
from typing import Any

from services.sla.orders.letters import NUMERALS, Letter, asked_of, basis_of
from services.sla.orders.rules import article, facts
from shared.documents import Document, Signer, moment
from shared.events.chinese import CHINESE

OFFICE = "{place}12345热线"
BY_RULE = "系统按规则自动发出"


def paper_of(letter: Letter, evidence: Mapping[str, Any]) -> Document:
    """The document of a numbered order; its evidence is a table.

    What the unit answers later is no part of it.
    """
    assert letter.number is not None, "only what has effect is printed"
    assert letter.signed_at is not None, "a number comes with a signature"
    office = OFFICE.format(place=letter.pack.name)
    proofs = facts(evidence)
    grounds = [line for line in letter.grounds.splitlines() if line not in proofs]
    sections = [("事由", grounds), ("依据", [basis_of(letter)]), ("要求", [asked_of(letter)])]
    return Document(
        title=letter.rung.name.text,
        number=letter.number,
        office=office,
        addressee=letter.unit_name or letter.unit,
        at=letter.signed_at,
        paragraphs=[
            words
            for numeral, (title, said) in zip(NUMERALS, sections, strict=False)
            for words in (f"{numeral}、{title}", *said)
        ],
        facts=_facts(letter, proofs),
        signers=[_signer(letter)],
        seal=office,
    )


def _facts(letter: Letter, proofs: list[str]) -> list[tuple[str, str]]:
    named = [(f"证据{place}", words) for place, words in enumerate(proofs, 1)]
    named += [("督办级别", CHINESE[letter.rung.kind]), ("依据条款", article(letter.source))]
    if letter.due_at is not None:
        named.append(("反馈期限", moment(letter.due_at)))
    return named


def _signer(letter: Letter) -> Signer:
    assert letter.signed_at is not None
    role = letter.rung.signed_by
    if role is None or letter.signed_by is None:
        return Signer(BY_RULE, "", letter.signed_at)
    return Signer(f"{CHINESE[role.value]}签发", letter.signed_by, letter.signed_at)
