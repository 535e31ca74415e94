"""A taxonomy in a CSV file: one path a line, with codes where they are given.

Names repeat: a subject is known by its whole path. A new one gets the next free number under its
parent, in the order of the file, so the same file gives the same codes on every platform.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deploy.imports.lines import Refusal, Row, Unreadable
from shared.events.chinese import CHINESE
from shared.events.kinds import Domain

LEVELS = 3
DIGITS = 2
NAME_LENGTH_MAX = 100
CODE_LENGTH_MAX = 40
NAMES = (
    ("level1", "一级", "一级类别"),
    ("level2", "二级", "二级类别"),
    ("level3", "三级", "三级类别"),
)
CODES = (("code1", "一级代码"), ("code2", "二级代码"), ("code3", "三级代码"))
DOMAIN = ("domain", "领域")
DOMAINS = {str(one): one for one in Domain} | {CHINESE[one]: one for one in Domain}


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject, as the platform has it or shall have it."""

    code: str
    name: str
    parent: str | None
    domain: Domain | None = None
    is_active: bool = True
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """A subject to add or to rename, and the line that wants it."""

    line: int
    subject: Subject
    is_new: bool


class Columns:
    """Where a file has its levels, codes and domains. Raises `Unreadable`."""

    def __init__(self, header: Sequence[str]) -> None:
        places = {name.lower(): place for place, name in enumerate(header)}
        self.names = [_place(places, names) for names in NAMES]
        self.codes = [_place(places, names) for names in CODES]
        self.domain = _place(places, DOMAIN)
        if self.names[0] is None:
            wanted = "、".join(names[0] for names in NAMES)
            raise Unreadable(f"没有类别列；列名应为 {wanted}（或 一级、二级、三级）。")


def plan(
    columns: Columns, rows: Iterable[Row | Refusal], known: Iterable[Subject]
) -> Iterator[Put | Refusal]:
    """What must be put for each line, parents first, and the lines that are wrong.

    What the platform has already is not put again; a given code with another name is renamed.
    """
    taxonomy = _Taxonomy(known)
    for row in rows:
        if isinstance(row, Refusal):
            yield row
            continue
        path = _path(columns, row)
        if isinstance(path, Refusal):
            yield path
            continue
        domain = _cell(row, columns.domain)
        if domain and domain not in DOMAINS:
            shown = "、".join(CHINESE[one] for one in Domain)
            yield Refusal(row.line, "domain", "enum", f"应为：{shown}")
            continue
        yield from taxonomy.take(row.line, path, DOMAINS.get(domain))


class _Taxonomy:
    def __init__(self, known: Iterable[Subject]) -> None:
        self._by_code = {one.code: one for one in known}
        self._by_path = {(one.parent, one.name): one.code for one in self._by_code.values()}

    def take(
        self, line: int, path: Sequence[tuple[str, str]], domain: Domain | None
    ) -> list[Put | Refusal]:
        """One path; where a level is wrong, what stands above it is put all the same."""
        found = list[Put | Refusal]()
        parent: str | None = None
        for level, (name, given) in enumerate(path):
            code = given or self._by_path.get((parent, name)) or self._next(parent)
            old = self._by_code.get(code)
            if old is not None and old.parent != parent:
                message = f"代码 {code} 已属另一上级 {old.parent or '（一级）'}"
                return [*found, Refusal(line, f"code{level + 1}", "other_parent", message)]
            other = self._by_path.get((parent, name))
            if other is not None and other != code:
                message = f"“{name}”在同一上级下已有代码 {other}"
                return [*found, Refusal(line, f"level{level + 1}", "other_code", message)]
            wanted = self._wanted(old, Subject(code, name, parent), domain if not level else None)
            if wanted != old:
                self._keep(old, wanted)
                found.append(Put(line, wanted, is_new=old is None))
            parent = code
        return found

    def _wanted(self, old: Subject | None, new: Subject, domain: Domain | None) -> Subject:
        if old is None:
            return replace(new, domain=domain)
        return replace(old, name=new.name, domain=domain or old.domain)

    def _keep(self, old: Subject | None, subject: Subject) -> None:
        if old is not None:
            self._by_path.pop((old.parent, old.name), None)
        self._by_code[subject.code] = subject
        self._by_path[subject.parent, subject.name] = subject.code

    def _next(self, parent: str | None) -> str:
        number = 1
        while (code := f"{parent or ''}{number:0{DIGITS}d}") in self._by_code:
            number += 1
        return code


def _path(columns: Columns, row: Row) -> list[tuple[str, str]] | Refusal:
    names = [_cell(row, place) for place in columns.names]
    codes = [_cell(row, place) for place in columns.codes]
    depth = next((level for level in range(LEVELS, 0, -1) if names[level - 1]), 0)
    if not depth:
        return Refusal(row.line, "level1", "missing", "缺少此项")
    for level in range(depth):
        field = f"level{level + 1}"
        if not names[level]:
            return Refusal(row.line, field, "missing", "上级类别为空")
        if len(names[level]) > NAME_LENGTH_MAX:
            return Refusal(row.line, field, "string_too_long", f"最多 {NAME_LENGTH_MAX} 个字")
        if len(codes[level]) > CODE_LENGTH_MAX:
            return Refusal(
                row.line, f"code{level + 1}", "string_too_long", f"最多 {CODE_LENGTH_MAX} 个字"
            )
    return list(zip(names[:depth], codes[:depth], strict=True))


def _cell(row: Row, place: int | None) -> str:
    return "" if place is None else row.cells[place].strip()


def _place(places: Mapping[str, int], names: Sequence[str]) -> int | None:
    return next((places[name] for name in names if name in places), None)
