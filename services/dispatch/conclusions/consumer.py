"""What dispatch hears of articles: whether they answer."""

from collections.abc import Sequence
from uuid import UUID

from shared.events.envelope import Event, Payload
from shared.events.knowledge import ArticlePublished, ArticleRetired
from shared.inbox import Handlers, Heard

KEEP = """INSERT INTO articles (id, is_published)
SELECT * FROM unnest($1::uuid[], $2::bool[])
ON CONFLICT (id) DO UPDATE SET is_published = excluded.is_published"""


def handlers() -> Handlers:
    """What begins and ends the answering of an article."""
    return {ArticlePublished: _on_published, ArticleRetired: _on_retired}


async def _on_published(heard: Heard, events: Sequence[Event[Payload]]) -> None:
    await _keep(heard, events, is_published=True)


async def _on_retired(heard: Heard, events: Sequence[Event[Payload]]) -> None:
    await _keep(heard, events, is_published=False)


async def _keep(heard: Heard, events: Sequence[Event[Payload]], *, is_published: bool) -> None:
    ids = [UUID(event.subject) for event in events]
    await heard.connection.execute(KEEP, ids, [is_published] * len(ids))
