"""What filing must know of places and subjects, kept in memory: both only ever grow."""

from shared.problems import field_error
from shared.runtime import Runtime


class Directory:
    """The codes that are in use. A code that is not known is looked up before it is refused."""

    def __init__(self, runtime: Runtime) -> None:
        self._pool = runtime.database.pool
        self._jurisdictions: set[str] = set()
        self._categories: set[str] = set()

    async def require(self, jurisdiction: str, category: str | None) -> None:
        """Raise `Malformed`, naming the field, where a code is not in use."""
        if jurisdiction not in self._jurisdictions:
            await self._load()
            if jurisdiction not in self._jurisdictions:
                known = "、".join(sorted(self._jurisdictions)) or "无"
                raise field_error(
                    "jurisdiction", "unknown_jurisdiction", f"本平台不受理此地；可用：{known}"
                )
        if category is not None and category not in self._categories:
            await self._load()
            if category not in self._categories:
                raise field_error(
                    "category", "unknown_category", "没有这个类别，类别见 GET /v1/categories"
                )

    async def _load(self) -> None:
        rows = await self._pool.fetch("SELECT code FROM jurisdictions")
        self._jurisdictions = {row["code"] for row in rows}
        rows = await self._pool.fetch("SELECT code FROM categories")
        self._categories = {row["code"] for row in rows}
