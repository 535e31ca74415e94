"""Whoever adds a column of text to a ticket's tables decides whether it is erased."""

import importlib
from pathlib import Path

import orjson
import pytest
from sqlalchemy import ARRAY, LargeBinary, String, Table
from sqlalchemy.dialects.postgresql import JSONB

from services.dispatch.erasures import consumer as dispatch
from services.gateway.exchange.erasing import bare
from services.gateway.federation import erasing as gateway
from services.intake.erasures import operations as intake
from services.sla.erasures import consumer as sla
from shared.erasure import MARK, Words, statement, without_words
from shared.events.dispatch import TicketReplied

ERASED = {
    "intake": intake.TABLES,
    "dispatch": dispatch.TABLES,
    "sla": sla.TABLES,
    "gateway": gateway.TABLES,
}
ELSEWHERE = {
    "gateway.feed": {"data"},
    "gateway.files_out": {"told"},
    "sla.orders": {"grounds", "evidence", "answer", "history"},
    "sla.extensions": {"reason", "evidence", "decision_reason", "contact"},
}
"""Erased by statements of their own."""
NO_WORDS = {
    *("notices", "calls", "precedents"),  # a number; an id; a decision on a kind of matters
    *("quality_checks", "quality_risks", "ratings"),  # `reason` and `contact` are codes there
}
CODES = {
    *("about_unit", "addressee", "adjustments", "agent", "article", "asked_by", "attached_by"),
    *("by", "capacity", "category", "cause", "channel", "chosen", "claimed_by", "closed_by"),
    *("closes", "co_units", "decided_by", "disputed_by", "document", "drafted_by", "event"),
    *("explained_by", "external_id", "filed_by", "flagged_by", "form", "ground", "handed_by"),
    *("handle_due", "handled_in", "hotline", "answered_by", "checked_by", "ended_by"),
    *("jurisdiction", "kind", "law", "law_limit", "lead_unit", "length_unit", "line", "mark"),
    *("marks", "matter", "number", "office", "offices", "opened_by", "origin", "outcome"),
    *("pause_ground", "policy", "proposed_by", "recipient", "replied_by", "reported_by"),
    *("request_type", "requested_by", "result", "rule", "secrecy", "sent_back_by", "signed_by"),
    *("source", "source_article", "standing", "state", "step", "subject", "suggested"),
    *("media_type", "peer", "problem", "sha256"),
    *("template", "trigger", "unit", "unit_name", "units", "urgency", "way"),
}
"""Columns that hold codes, numbers at work and names of units."""


def tables(service: str) -> list[Table]:
    """The tables of a service that hold something of a ticket."""
    for path in sorted(Path("services", service).rglob("models.py")):
        importlib.import_module(".".join(path.with_suffix("").parts))
    metadata = importlib.import_module(f"services.{service}.models").Base.metadata
    named = {words.table for words in ERASED[service]}
    return [
        table
        for table in metadata.sorted_tables
        if table.name in named or table.name == "tickets" or "ticket_id" in table.columns
    ]


@pytest.mark.parametrize("service", sorted(ERASED))
def test_every_column_of_text_is_erased_or_known_to_hold_codes(service: str) -> None:
    erased = {words.table: {*words.text, *words.json, *words.nulls} for words in ERASED[service]}
    unknown = set[str]()
    for table in tables(service):
        handled = erased.get(table.name, set()) | ELSEWHERE.get(f"{service}.{table.name}", set())
        for column in table.columns:
            kind = column.type.item_type if isinstance(column.type, ARRAY) else column.type
            is_text = isinstance(kind, String | JSONB | LargeBinary)
            if is_text and table.name not in NO_WORDS and column.name not in handled | CODES:
                unknown.add(f"{table.name}.{column.name}")
    assert unknown == set(), "erase it in the service's erasures/, or name it among CODES"


def test_codes_times_and_numbers_stay_in_what_is_erased() -> None:
    data = {
        "unit": "512000-01",
        "result": "satisfied",
        "reason": "楼上太吵",
        "reply": 2,
        "elements": [{"findings": "属实", "checked_by": "YJ0201"}],
        "place": {"address": "幸福里", "division": "512002"},
    }
    assert without_words(data) == {
        "unit": "512000-01",
        "result": "satisfied",
        "reason": "（内容已删除）",
        "reply": 2,
        "elements": [{"findings": "（内容已删除）", "checked_by": "YJ0201"}],
        "place": {"address": "（内容已删除）", "division": "512002"},
    }
    assert without_words([None, "甲"]) == [None, "甲"]


def test_below_a_name_of_words_everything_is_words() -> None:
    """Which elements a reply has more is the pack's business: no list of ours names them."""
    kept = {"findings": "属实", "visit": "到三栋当面调解"}
    assert without_words({"more": {"visit": "到三栋当面调解"}, "result": "已办"}) == {
        "more": {"visit": MARK},
        "result": MARK,
    }
    assert without_words({"more": {"visits": [{"where": "三栋"}]}}) == {
        "more": {"visits": [{"where": MARK}]}
    }
    assert without_words({"elements": kept, "replied_by": "YJ0100", "without": "急"}) == {
        "elements": dict.fromkeys(kept, MARK),
        "replied_by": "YJ0100",
        "without": MARK,
    }


@pytest.mark.parametrize("number", ["028-26123456", "13912345678", "2026-03-02", "26123456.", "_"])
def test_what_has_no_letter_is_no_code(number: str) -> None:
    assert without_words({"contact": number, "reason": "with_main", "number": number}) == {
        "contact": MARK,
        "reason": "with_main",
        "number": number,
    }


def test_a_message_to_another_platform_loses_them_and_can_still_be_read() -> None:
    elements = {"findings": "属实", "basis": "条例", "result": "已办", "contact": "028-26123456"}
    replied = {"unit": "512000-01", "reply": 1, "replied_by": "YJ0100", **elements}
    told = {"type": TicketReplied.type, "data": replied | {"more": {"visit": "三栋"}}}
    kept = TicketReplied.model_validate(orjson.loads(bare(orjson.dumps(told).decode()))["data"])
    assert (kept.unit, kept.replied_by, kept.more) == ("512000-01", "YJ0100", {"visit": MARK})
    assert {getattr(kept, name) for name in elements} == {MARK}


def test_a_statement_names_what_it_erases() -> None:
    made = statement(Words("notes", text=("note",), nulls=("place",)))
    assert made == (
        "UPDATE notes SET note = CASE WHEN note IS NOT NULL THEN '（内容已删除）' END, "
        "place = NULL WHERE ticket_id = ANY($1::uuid[])"
    )
