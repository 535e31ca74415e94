"""The tables of knowledge."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Index, Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.tables import add_audit_tables, add_shared_tables


class Base(DeclarativeBase):
    """The schema of knowledge."""


class Article(Base):
    """An answer, as it answers now; as it was last written where it was never published."""

    __tablename__ = "articles"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer, default=0)
    """The version that answers, or did last; 0 before the first publication."""
    version_latest: Mapped[int] = mapped_column(Integer, default=1)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sequence: Mapped[int] = mapped_column(Integer, default=0)
    terms: Mapped[str | None] = mapped_column(TSVECTOR, deferred=True)
    """What it is found by; none unless it is published."""
    words: Mapped[str] = mapped_column(Text, default="", deferred=True)
    """Title and body as they are compared: made once, because it is slow to make."""
    length: Mapped[int] = mapped_column(Integer, default=0)
    """Terms in title and body, with repeats."""
    answered: Mapped[int] = mapped_column(Integer, default=0)
    solved: Mapped[int] = mapped_column(Integer, default=0)

    __table_args__ = (
        Index(
            "articles_terms",
            "terms",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        Index("articles_unit", "unit", "id"),
        Index("articles_state", "state", "id"),
    )


class ArticleVersion(Base):
    """An article as it was written once; never changed, but for when it was published."""

    __tablename__ = "article_versions"

    article_id: Mapped[UUID] = mapped_column(ForeignKey("articles.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    written_by: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_by: Mapped[str | None] = mapped_column(Text)
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Term(Base):
    """How many published articles have a term."""

    __tablename__ = "terms"

    term: Mapped[str] = mapped_column(Text, primary_key=True)
    documents: Mapped[int] = mapped_column(Integer)


class Corpus(Base):
    """All published articles together: one row. Its lock puts publications one after another."""

    __tablename__ = "corpus"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    documents: Mapped[int] = mapped_column(BigInteger)
    length: Mapped[int] = mapped_column(BigInteger)


class Unit(Base):
    """A unit of the directory, as dispatch last said it."""

    __tablename__ = "units"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(Boolean)


add_shared_tables(Base.metadata)
add_audit_tables(Base.metadata)
