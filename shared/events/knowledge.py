"""What knowledge says. Key: the article's id."""

from datetime import datetime
from typing import ClassVar

from shared.events.envelope import Payload
from shared.events.words import Service


class KnowledgePayload(Payload):
    """Said by knowledge, on its own topic."""

    topic: ClassVar[str] = "knowledge"
    said_by = Service.KNOWLEDGE


class ArticlePublished(KnowledgePayload):
    """A version of an article answers from now on (ZY 16-18)."""

    type: ClassVar[str] = "article.published"
    heard_by = (Service.INTAKE, Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    jurisdiction: str
    unit: str
    title: str
    body: str
    version: int
    expires_at: datetime | None = None


class ArticleRetired(KnowledgePayload):
    """An article answers no more."""

    type: ClassVar[str] = "article.retired"
    heard_by = (Service.INTAKE, Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    jurisdiction: str
    reason: str


class ArticleCorrected(KnowledgePayload):
    """An operator reported a fault in an article (ZY 18)."""

    type: ClassVar[str] = "article.corrected"
    heard_by = (Service.ANALYTICS, Service.GATEWAY)
    jurisdiction: str
    report: str
    due_at: datetime
