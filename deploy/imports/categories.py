"""The unified taxonomy, by code or by a name that only one category has."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CANDIDATES_MAX = 8


class UnknownCategory(ValueError):
    """No category, or more than one; the message names the candidates, in Chinese."""


@dataclass(frozen=True, slots=True)
class Category:
    """One subject."""

    code: str
    name: str
    parent: str | None = None


class Categories:
    """Finds codes."""

    def __init__(self, categories: Iterable[Category]) -> None:
        self._by_code = {category.code: category for category in categories}
        by_name: defaultdict[str, list[Category]] = defaultdict(list)
        for category in self._by_code.values():
            by_name[category.name].append(category)
        self._by_name: Mapping[str, list[Category]] = by_name

    def find(self, text: str) -> str:
        """The code that a cell means. Raises `UnknownCategory`."""
        if text in self._by_code:
            return text
        named = self._by_name.get(text, [])
        if len(named) == 1:
            return named[0].code
        if named:
            raise UnknownCategory(
                f"有 {len(named)} 个类别叫“{text}”，请改用代码：{self._show(named)}"
            )
        raise UnknownCategory(f"没有类别“{text}”；{self._near(text)}")

    def _near(self, text: str) -> str:
        names = difflib.get_close_matches(text, self._by_name, n=CANDIDATES_MAX, cutoff=0.4)
        near = [category for name in names for category in self._by_name[name]]
        if near:
            return f"相近的有：{self._show(near)}"
        if not self._by_code:
            return "平台还没有类别，请先用 PUT /v1/categories/代码 登记"
        top = [category for category in self._by_code.values() if category.parent is None]
        return f"可用的有：{self._show(top or list(self._by_code.values()))}"

    def _show(self, categories: list[Category]) -> str:
        shown = "、".join(self._path(category) for category in categories[:CANDIDATES_MAX])
        return shown + (" 等" if len(categories) > CANDIDATES_MAX else "")

    def _path(self, category: Category) -> str:
        parent = self._by_code.get(category.parent or "")
        within = f"，属{parent.name}" if parent else ""
        return f"{category.code}（{category.name}{within}）"
