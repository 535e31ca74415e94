"""The table of articles."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.models import Base


class Article(Base):
    """Whether an article of the knowledge base answers, as heard from knowledge (ZY 12)."""

    __tablename__ = "articles"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    is_published: Mapped[bool]
