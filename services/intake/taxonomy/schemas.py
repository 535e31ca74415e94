"""What comes in and goes out of the taxonomy over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from services.intake.models import Category
from services.intake.schemas import Words
from services.intake.taxonomy.operations import Subject
from services.intake.taxonomy.rules import levels_above
from shared.answers import Input
from shared.events.chinese import CHINESE
from shared.events.kinds import Domain

CodeOf = Annotated[Words, Field(min_length=1, max_length=40)]


class CategoryIn(Input):
    """一个类别."""

    name: Annotated[Words, Field(min_length=1, max_length=100)]
    parent: Annotated[CodeOf | None, Field(description="上级类别的代码；一级类别没有")] = None
    domain: Annotated[Domain | None, Field(description="五大领域之一，仅用于一级类别")] = None
    is_active: Annotated[bool, Field(description="是否在用；停用的不再登记")] = True
    successor: Annotated[CodeOf | None, Field(description="停用后改用的类别")] = None

    def subject(self, code: str) -> Subject:
        """The subject that is asked for."""
        return Subject(code, self.name, self.parent, self.domain, self.is_active, self.successor)


class CategoryOut(BaseModel):
    """统一类别表中的一个类别."""

    code: str
    name: str
    parent: str | None
    domain: Domain | None = Field(default=None, description="所属领域；下级随一级")
    domain_name: str | None = None
    is_active: bool = True
    successor: str | None = None
    level: int = Field(default=1, description="第几级")
    children: "list[CategoryOut] | None" = Field(None, description="下级；仅在 tree=true 时有")


def list_of(rows: Sequence[Category]) -> list[CategoryOut]:
    """Every subject by code, each with the domain of its first level."""
    by_code = {row.code: row for row in rows}
    parents = {row.code: row.parent for row in rows}
    found = []
    for row in rows:
        line = levels_above(row.code, parents)
        domain = by_code[line[-1]].domain
        found.append(
            CategoryOut(
                code=row.code,
                name=row.name,
                parent=row.parent,
                domain=None if domain is None else Domain(domain),
                domain_name=None if domain is None else CHINESE[Domain(domain)],
                is_active=row.is_active,
                successor=row.successor,
                level=len(line),
            )
        )
    return found


def tree_of(rows: Sequence[Category]) -> list[CategoryOut]:
    """The first level, each subject with those below it."""
    items = {item.code: item for item in list_of(rows)}
    for item in items.values():
        item.children = []
    for item in items.values():
        parent = items.get(item.parent or "")
        if parent is not None and parent.children is not None:
            parent.children.append(item)
    return [item for item in items.values() if item.parent is None]
