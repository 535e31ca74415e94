"""Logs, metrics and traces. Nothing of a caller's identity ever goes in here."""

import logging
import secrets
import sys
from contextvars import ContextVar

import structlog
from prometheus_client import Counter, Gauge, Histogram
from structlog.typing import EventDict

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# Events taken from the outbox and acknowledged by the bus.
EVENTS_SENT = Counter("hotline_events_sent_total", "Events acknowledged by the bus", ["service"])
# Events whose effects are committed.
EVENTS_HANDLED = Counter("hotline_events_handled_total", "Events handled", ["service", "type"])
# Events that a consumer had seen before.
EVENTS_REPEATED = Counter("hotline_events_repeated_total", "Events seen before", ["service"])
# Events set aside, by reason: poison, gap or waiting.
EVENTS_PARKED = Counter("hotline_events_parked_total", "Events parked", ["service", "reason"])
# Notices tried, by how it ended: sent, failed (tried again later) or dead.
NOTICES = Counter("hotline_notices_total", "Notices tried", ["service", "state"])
# Messages that another platform has answered, by status.
MESSAGES_SENT = Counter(
    "hotline_messages_sent_total", "Messages answered by a platform", ["peer", "status"]
)
# Messages that came from another platform, by status.
MESSAGES_RECEIVED = Counter(
    "hotline_messages_received_total", "Messages from a platform", ["peer", "status"]
)
# Messages that wait for another platform.
MESSAGES_WAITING = Gauge("hotline_messages_waiting", "Messages waiting for a platform", ["peer"])
# Days compared with another platform, by result: equal, refilled, different, failed.
RECONCILIATIONS = Counter(
    "hotline_reconciliations_total", "Days compared with a platform", ["peer", "result"]
)
# One batch of events, from fetch to commit.
BATCH_SECONDS = Histogram("hotline_batch_seconds", "Time to handle one batch", ["service"])
# Part of a service that was started again after a failure.
RESTARTS = Counter("hotline_restarts_total", "Supervised tasks started again", ["service", "task"])
# Calls that the door refused because of a limit, by the problem's code.
CALLS_REFUSED = Counter("hotline_calls_refused_total", "Calls refused by a limit", ["code"])
# Signed calls that the door refused, by the problem's code; many of `signature_early` or
# `signature_old` speak of a clock.
SIGNATURES_REFUSED = Counter(
    "hotline_signatures_refused_total", "Signed calls refused at the door", ["code"]
)
# Calls at work behind the door; uploads and long polls are not among them.
CALLS_IN_FLIGHT = Gauge("hotline_calls_in_flight", "Calls at work behind the door")
# Deadlines that were asked for and not answered for too long.
DEADLINES_UNANSWERED = Gauge("hotline_deadlines_unanswered", "Deadlines whose owner is silent")

# Requests by route; the route's template, never a path with an id in it.
REQUEST_SECONDS = Histogram(
    "hotline_request_seconds",
    "Time to answer one request",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def configure_logs(level: int = logging.INFO) -> None:
    """Send logs as JSON lines to standard error."""
    structlog.configure(
        processors=[
            _add_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Locals stay out of tracebacks: they may hold a caller's name.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def new_traceparent() -> str:
    """A W3C trace context for work that nobody else began."""
    digits = secrets.token_hex(24)
    return f"00-{digits[:32]}-{digits[32:]}-01"


def child_traceparent(parent: str | None) -> str:
    """The next step of a trace; a new trace where the parent is none or no trace context."""
    parts = (parent or "").split("-")
    if len(parts) < 4 or len(parts[1]) != 32 or not _is_hex(parts[1]) or not parts[1].strip("0"):
        return new_traceparent()
    flags = parts[3] if len(parts[3]) == 2 and _is_hex(parts[3]) else "01"
    return f"00-{parts[1]}-{secrets.token_hex(8)}-{flags}"


def current_traceparent() -> str | None:
    """The trace of the request or event at hand; what is said now carries it."""
    return _traceparent.get()


def enter_trace(parent: str | None) -> str:
    """Go on with a trace in this task; logs carry its id from now on."""
    traceparent = child_traceparent(parent)
    _traceparent.set(traceparent)
    return traceparent


def _add_trace(_: object, __: str, event: EventDict) -> EventDict:
    traceparent = _traceparent.get()
    if traceparent is not None:
        event["trace"] = traceparent.split("-")[1]
    return event


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdef" for character in text)
