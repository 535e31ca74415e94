"""What the owners of acts answer when the clock has asked."""

from services.sla.hearing import lock
from services.sla.questions.operations import Judgement, judge
from shared.events.dispatch import DeadlineJudged
from shared.events.envelope import Event
from shared.events.intake import DeadlineAnswered
from shared.inbox import Heard


async def on_judged(
    heard: Heard, events: list[Event[DeadlineJudged | DeadlineAnswered]], *, source: str
) -> None:
    """The owner of an act answers; only now may anything be said to be overdue."""
    clocks, done = await lock(heard, events, is_accepted=False)
    judgements = [
        Judgement(
            ticket_id=one.ticket_id,
            step=event.data.step,
            version=event.data.version,
            verdict=event.data.verdict,
            act_at=event.data.act_at,
            traceparent=event.traceparent,
        )
        for event, one in zip(events, done, strict=True)
    ]
    await judge(heard.connection, judgements, clocks, source=source, now=heard.now)
