"""Adding, renaming, retiring subjects. Nothing is ever deleted: tickets keep their category."""

from dataclasses import asdict, dataclass

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import Category
from services.intake.taxonomy.rules import LEVELS_MAX, Node, levels_above, levels_below
from shared.events.kinds import Domain
from shared.problems import NotFound, field_error

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('categories', 6))")


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject as an administrator wants it."""

    code: str
    name: str
    parent: str | None
    domain: Domain | None
    is_active: bool
    successor: str | None


async def put_category(session: AsyncSession, subject: Subject) -> Subject:
    """Add a subject, rename, move or retire it; return it with the domain that it has now.

    A domain that is not named stays. Raises `NotFound` for an unknown parent, `Malformed` for
    more than three levels, a domain below the first, a successor that is not in use.
    """
    await session.execute(LOCK)
    rows = (await session.execute(select(Category))).scalars()
    known = {row.code: row for row in rows}
    _require_place(subject, known)
    _require_end(subject, known)
    old = known.get(subject.code)
    domain = subject.domain
    if domain is not None and subject.parent is not None:
        raise field_error("domain", "not_first_level", "只有一级类别属于五大领域之一")
    if domain is None and subject.parent is None and old is not None and old.domain is not None:
        domain = Domain(old.domain)
    kept = Subject(**(asdict(subject) | {"domain": domain}))
    values = asdict(kept) | {"domain": None if domain is None else domain.value}
    row = insert(Category).values(values)
    excluded = row.excluded
    columns = {name: excluded[name] for name in values if name != "code"}
    await session.execute(row.on_conflict_do_update(index_elements=["code"], set_=columns))
    return kept


def _require_place(subject: Subject, known: dict[str, Category]) -> None:
    if subject.parent is None:
        above = 0
    elif subject.parent not in known:
        raise NotFound(f"上级类别 {subject.parent} 不存在。")
    else:
        line = levels_above(subject.parent, {code: row.parent for code, row in known.items()})
        if subject.code in line:
            raise field_error("parent", "in_a_circle", "上级类别不能在本类别之下")
        above = len(line)
    below = levels_below(subject.code, (Node(row.code, row.parent) for row in known.values()))
    if above + 1 + below > LEVELS_MAX:
        raise field_error("parent", "too_deep", f"类别最多 {LEVELS_MAX} 级")


def _require_end(subject: Subject, known: dict[str, Category]) -> None:
    if subject.successor is None:
        return
    if subject.is_active:
        raise field_error("successor", "still_active", "在用的类别没有替代类别")
    successor = known.get(subject.successor)
    if successor is None or not successor.is_active or successor.code == subject.code:
        raise field_error("successor", "unknown_category", "替代类别须是另一个在用的类别")
