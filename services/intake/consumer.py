"""What intake does with what it hears."""

from uuid import UUID

from services.intake.attachments import consumer as attachments
from services.intake.conclusions import consumer as conclusions
from services.intake.follow_ups import consumer as follow_ups
from services.intake.lapses.operations import judge_silence
from services.intake.operations import keep_articles, keep_units
from services.intake.progress.operations import release_units, take_moved, take_news
from services.intake.progress.rules import NEWS
from services.intake.quality import consumer as quality
from services.intake.repeats import consumer as repeats
from services.intake.verifications.operations import judge_deadlines
from shared.events.dispatch import UnitChanged
from shared.events.envelope import Event, Payload
from shared.events.knowledge import ArticlePublished, ArticleRetired
from shared.events.loop import TicketCoUnitsChosen, TicketMoved, TicketRecalled
from shared.events.sla import DeadlineReached
from shared.events.words import Step
from shared.inbox import Handler, Handlers, Heard
from shared.lawbook import law_handlers
from shared.runtime import Runtime


def handlers(runtime: Runtime) -> Handlers:
    """Every event that intake hears, with what it does."""

    async def on_deadline_reached(heard: Heard, events: list[Event[DeadlineReached]]) -> None:
        ours = [event for event in events if event.data.step is Step.VERIFY]
        if ours:
            await judge_deadlines(heard, ours, source=runtime.source)
        silent = [event for event in events if event.data.step is Step.FOLLOW_UP]
        if silent:
            law = await runtime.law_book.read(heard.connection, is_held=False)
            await judge_silence(heard, silent, law=law, source=runtime.source)

    return {
        **{payload: _in_turn(take_news, *ours) for payload, ours in more_of_news(runtime).items()},
        TicketMoved: take_moved,
        TicketRecalled: _in_turn(take_news, release_units, attachments.on_ticket_recalled),
        TicketCoUnitsChosen: attachments.on_co_units_chosen,
        ArticlePublished: _on_article_published,
        ArticleRetired: _on_article_retired,
        UnitChanged: _on_unit_changed,
        DeadlineReached: on_deadline_reached,
        **law_handlers(),
    }


def more_of_news(runtime: Runtime) -> dict[type[Payload], list[Handler]]:
    """What is done with news of tickets beside keeping their states, in turn."""
    more: dict[type[Payload], list[Handler]] = {payload: [] for payload in NEWS}
    for handlers_of_noun in (
        attachments.handlers(),
        conclusions.handlers(),
        follow_ups.handlers(runtime.law_book),
        repeats.handlers(),
        quality.handlers(),
    ):
        for payload, handler in handlers_of_noun.items():
            more[payload].append(handler)
    return more


def _in_turn(*handlers: Handler) -> Handler:
    async def on_news(heard: Heard, events: list[Event[Payload]]) -> None:
        for handler in handlers:
            await handler(heard, events)

    return on_news


async def _on_unit_changed(heard: Heard, events: list[Event[UnitChanged]]) -> None:
    await keep_units(heard.connection, [event.data for event in events])


async def _on_article_published(heard: Heard, events: list[Event[ArticlePublished]]) -> None:
    await keep_articles(
        heard.connection, [(UUID(event.subject), event.data.jurisdiction, True) for event in events]
    )


async def _on_article_retired(heard: Heard, events: list[Event[ArticleRetired]]) -> None:
    await keep_articles(
        heard.connection,
        [(UUID(event.subject), event.data.jurisdiction, False) for event in events],
    )
