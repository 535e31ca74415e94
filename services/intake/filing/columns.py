"""What filing writes, in columns: a list for each, an item for each row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from services.intake.filing.requests import Filed, Key, New
from services.intake.identity import Vault
from shared.events.words import State


def ticket_columns(new: Sequence[New], at: datetime, vault: Vault) -> list[list[Any]]:
    """The new tickets, whatever becomes of them."""
    requests = [one.filing.request for one in new]
    return [
        [one.id for one in new],
        [one.number for one in new],
        [r.jurisdiction for r in requests],
        [r.request_type.value for r in requests],
        [r.urgency.value for r in requests],
        [r.is_enforcement for r in requests],
        [r.title for r in requests],
        [r.content for r in requests],
        [r.channel.value for r in requests],
        [r.channel_ref for r in requests],
        [r.external_id for r in requests],
        [r.category for r in requests],
        [None if r.place is None else orjson.dumps(r.place).decode() for r in requests],
        [one.caller_id for one in new],
        [
            None if r.identity is None else vault.seal(r.identity, one.id)
            for one, r in zip(new, requests, strict=True)
        ],
        [one.filing.filed_by for one in new],
        [r.filed_at for r in requests],
        [at] * len(new),
        [one.state.value for one in new],
        [None if r.refusal is None else r.refusal.code for r in requests],
        [r.article_id for r in requests],
        [one.filing.pack.content_hash for one in new],
        [r.about_unit for r in requests],
        [r.repeats for r in requests],
        [r.override for r in requests],
        [r.is_mediation for r in requests],
        [None if r.origin is None else orjson.dumps(dict(r.origin)).decode() for r in requests],
        [r.secrecy.value for r in requests],
    ]


def kept_columns(answers: Sequence[tuple[Key, Filed]]) -> list[list[Any]]:
    """The answers that are given again when their key comes again."""
    return [
        [key.caller for key, _ in answers],
        [key.path for key, _ in answers],
        [key.key for key, _ in answers],
        [key.body_hash for key, _ in answers],
        [result.status for _, result in answers],
        [orjson.dumps(result.headers).decode() for _, result in answers],
        [result.body for _, result in answers],
    ]


def more_columns(new: Sequence[New], at: datetime) -> list[list[Any]]:
    """Units asked before acceptance, how what is of the past ended, to which line it was handed."""
    asked = [(one, one.filing.request.ask) for one in new if one.state is State.VERIFYING]
    questions = [(one, ask) for one, ask in asked if ask is not None]
    past = [(one, one.filing.request.history) for one in new]
    histories = [(one, history) for one, history in past if history is not None]
    emergencies = [(one, one.filing.request.handed) for one in new]
    handed = [(one, given) for one, given in emergencies if given is not None]
    return [
        [one.id for one, _ in questions],
        [ask.unit for _, ask in questions],
        [ask.question for _, ask in questions],
        [one.filing.filed_by for one, _ in questions],
        [at] * len(questions),
        [one.id for one, _ in histories],
        [history.closed_at for _, history in histories],
        [history.result for _, history in histories],
        [history.unit_name for _, history in histories],
        [one.id for one, _ in handed],
        [given.line.value for _, given in handed],
        [given.way.value for _, given in handed],
        [given.note for _, given in handed],
        [one.filing.filed_by for one, _ in handed],
        [at] * len(handed),
    ]
