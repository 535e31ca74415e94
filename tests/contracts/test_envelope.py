"""A message is an event of ours, or it is refused with the wrong field named."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.envelope import BadEvent, Event, encode, parse, read
from shared.events.intake import TicketAmended
from shared.events.words import RequestType

GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "t1.1",
    "type": "ticket.amended",
    "source": "/512000/intake",
    "subject": "t1",
    "sequence": 1,
    "time": "2026-09-29T16:08:21+08:00",
    "datacontenttype": "application/json",
    "data": {"addition": "补充"},
}
WRONG: dict[str, list[Any]] = {
    "specversion": ["0.3", 1.0, None],
    "type": ["", 7, None],
    "source": ["", [], None],
    "subject": ["", {}, None],
    "sequence": [0, -1, 2**31, 1.0, "1", True, None],
    "time": ["", "yesterday", "2026-09-29T16:08:21", 1_790_000_000, None],
    "data": [None, [], "text", 3],
    "traceparent": [7, [], {}],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values]
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(BadEvent, match=f"^{field}: "):
        parse(json.dumps({**GOOD, field: value}).encode())


@pytest.mark.parametrize("field", [field for field in WRONG if field != "traceparent"])
def test_a_missing_field_is_named(field: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != field}
    with pytest.raises(BadEvent, match=f"^{field}: "):
        parse(json.dumps(body).encode())


@pytest.mark.parametrize("message", [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 10_000])
def test_what_is_not_json_is_refused(message: bytes) -> None:
    with pytest.raises(BadEvent, match="not JSON"):
        parse(message)


@pytest.mark.parametrize("message", [b"[]", b"null", b"1", b'"text"'])
def test_what_is_not_an_object_is_refused(message: bytes) -> None:
    with pytest.raises(BadEvent, match="specversion"):
        parse(message)


def test_data_that_does_not_read_names_its_field() -> None:
    envelope = parse(json.dumps({**GOOD, "data": {"request_type": "shout"}}).encode())
    with pytest.raises(BadEvent, match=r"^data\.request_type: "):
        read(envelope, TicketAmended)


@given(message=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(message: bytes) -> None:
    with pytest.raises(BadEvent):
        parse(message)


@given(changes=st.dictionaries(st.sampled_from(sorted(GOOD)), JSON, min_size=1))
def test_any_change_is_read_or_refused_and_nothing_else(changes: dict[str, Any]) -> None:
    try:
        envelope = parse(json.dumps({**GOOD, **changes}).encode())
    except BadEvent:
        return
    assert envelope.time.tzinfo is not None
    assert envelope.sequence > 0


@given(
    subject=st.text(min_size=1, alphabet=st.characters(codec="utf-8")),
    sequence=st.integers(1, 2**31 - 1),
    addition=st.none() | st.text(alphabet=st.characters(codec="utf-8")),
    kind=st.none() | st.sampled_from(RequestType),
)
def test_what_is_written_reads_back(
    subject: str, sequence: int, addition: str | None, kind: RequestType | None
) -> None:
    event = Event(
        "/512000/intake",
        subject,
        sequence,
        datetime(2026, 9, 29, 8, 8, 21, 123456, tzinfo=UTC),
        TicketAmended(addition=addition, request_type=kind),
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    assert read(parse(encode(event)), TicketAmended) == event


def test_the_same_fact_said_again_has_the_same_id() -> None:
    time = datetime(2026, 9, 29, tzinfo=UTC)
    first, again = [Event("/5/intake", "t1", 4, time, TicketAmended()) for _ in range(2)]
    assert first.id == again.id == "t1.4"
    assert json.loads(encode(first))["id"] == "t1.4"
