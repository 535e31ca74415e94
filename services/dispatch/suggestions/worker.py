"""Suggests for tickets that wait for a person, and learns anew every night."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from services.dispatch.suggestions import operations, queries
from services.dispatch.suggestions.learned import load
from services.dispatch.suggestions.models import Model
from services.dispatch.suggestions.rules import HISTORY_MIN, UNIT, last_night
from services.dispatch.suggestions.teaching import Progress, teach
from shared.runtime import Runtime
from shared.telemetry import log
from shared.worker import Task

BATCH_MAX = 20
"""Their rows are locked while the model is asked and sure ones are sent: some hundredths each."""
LOOK_SECONDS = 1.0
NIGHT_LOOK_SECONDS = 30.0
# A stepped clock moves weeks in a minute: it must not wait for us.
LOOK_STEPPED_SECONDS = 0.05
NIGHT_LOOK_STEPPED_SECONDS = 0.05


class TooLittleHistory(Exception):
    """There are too few closed tickets to learn from."""

    def __init__(self, closed: int) -> None:
        super().__init__(f"{closed} closed tickets, {HISTORY_MIN} are needed")
        self.closed = closed


def tasks(runtime: Runtime) -> Mapping[str, Task]:
    """The loops of suggestions."""
    return {
        "suggestions": lambda: watch_waiting(runtime),
        "training": lambda: watch_nights(runtime),
    }


async def watch_waiting(runtime: Runtime) -> None:
    """Suggest, batch after batch; after an empty look, wait a little."""
    book = queries.ModelBook()
    while True:
        if await suggest_batch(runtime, book, limit=BATCH_MAX) == 0:
            is_stepped = runtime.clock.stepped is not None
            await asyncio.sleep(LOOK_STEPPED_SECONDS if is_stepped else LOOK_SECONDS)


async def suggest_batch(runtime: Runtime, book: queries.ModelBook, *, limit: int) -> int:
    """One look, in one transaction; return how many tickets were given a suggestion.

    Before the first training nothing is claimed: tickets wait for the first model.
    """
    async with runtime.database.sessions() as session, session.begin():
        known = await book.read(session)
        if known is None:
            return 0
        waiting = await operations.claim_waiting(session, now=runtime.clock.stepped, limit=limit)
        if not waiting:
            return 0
        head = known.learned.heads.get(UNIT)
        units = await queries.find_units(session, head.classes if head else ())
        returned = await queries.find_returning_units(session, [one.id for one in waiting])
        # Asking in a thread: calls are answered meanwhile.
        made = await asyncio.to_thread(
            operations.suggest_for,
            known.learned,
            known.id,
            waiting,
            units=units,
            returned=returned,
        )
        await operations.keep_suggestions(session, made)
        for one in made:
            await operations.dispatch_alone(
                session,
                runtime,
                one,
                threshold=known.threshold,
                returned_by=returned.get(one.ticket_id, ()),
            )
    return len(waiting)


async def watch_nights(runtime: Runtime) -> None:
    """Learn anew once a night, at the clock that is handed in."""
    while True:
        await train_tonight(runtime)
        is_stepped = runtime.clock.stepped is not None
        await asyncio.sleep(NIGHT_LOOK_STEPPED_SECONDS if is_stepped else NIGHT_LOOK_SECONDS)


async def train_tonight(runtime: Runtime) -> Model | None:
    """The training of the last night, where nobody did it; none where there is nothing to do.

    With too little history the night is passed over, and the log says so. A night whose training
    broke off is not tried again: the next one makes up for it.
    """
    async with runtime.database.sessions() as session, session.begin():
        night = last_night(await runtime.clock.now(session))
        if not await operations.begin_night(session, night, now=runtime.clock.stepped):
            return None
    try:
        model = await train_platform(runtime)
    except TooLittleHistory as error:
        log.info("training_skipped", closed=error.closed, needed=HISTORY_MIN)
        await _end(runtime, night, examples=error.closed, model=None)
        return None
    log.info("training_done", model=str(model.id), examples=model.examples)
    await _end(runtime, night, examples=model.examples, model=model)
    return model


async def train_platform(runtime: Runtime, *, progress: Progress | None = None) -> Model:
    """Learn from this platform's closed tickets, and keep the model.

    Raises `TooLittleHistory`, or `TeachingFailed`; then the model before goes on suggesting.
    """
    async with runtime.database.sessions() as session:
        closed = await queries.count_history(session, limit=HISTORY_MIN)
        if closed < HISTORY_MIN:
            raise TooLittleHistory(closed)
        material = await queries.find_material(session)
    content = await teach(material, progress=progress)
    learned = await asyncio.to_thread(load, content)
    async with runtime.database.sessions() as session, session.begin():
        at = await runtime.clock.now(session)
        return await operations.keep_model(session, learned, content, at=at)


async def _end(runtime: Runtime, night: datetime, *, examples: int, model: Model | None) -> None:
    async with runtime.database.sessions() as session, session.begin():
        await operations.end_night(
            session, night, examples=examples, model_id=None if model is None else model.id
        )
