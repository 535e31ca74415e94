"""A trace goes on from step to step; what is no trace context begins a new one."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.telemetry import (
    child_traceparent,
    configure_logs,
    current_traceparent,
    enter_trace,
    log,
    new_traceparent,
)

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
FORM = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def test_the_next_step_keeps_the_trace_and_has_an_id_of_its_own() -> None:
    version, trace, step, flags = child_traceparent(PARENT).split("-")
    assert (version, trace, flags) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736", "01")
    assert step != "00f067aa0ba902b7"


def test_the_senders_choice_not_to_record_is_kept() -> None:
    assert child_traceparent(PARENT[:-2] + "00").endswith("-00")


@pytest.mark.parametrize(
    "parent",
    [
        None,
        "",
        "nonsense",
        "00-short-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
    ],
)
def test_what_is_no_trace_context_begins_a_new_trace(parent: str | None) -> None:
    first, second = child_traceparent(parent), child_traceparent(parent)
    assert first.split("-")[1] != second.split("-")[1]


@given(parent=st.text() | st.from_regex(r"00-[0-9a-f]{32}-.*-.*"))
def test_whatever_comes_in_what_goes_out_is_a_trace_context(parent: str) -> None:
    assert FORM.fullmatch(child_traceparent(parent))


def test_a_new_trace_is_a_trace_context() -> None:
    assert FORM.fullmatch(new_traceparent())


async def test_what_is_said_now_and_what_is_logged_carry_the_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs()
    own = enter_trace(PARENT)
    assert current_traceparent() == own
    log.info("something")
    assert json.loads(capsys.readouterr().err)["trace"] == "4bf92f3577b34da6a3ce929d0e0e4736"
