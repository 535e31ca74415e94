"""What filing must know of places and subjects, kept in memory for a moment."""

import time
from datetime import UTC, datetime

from services.intake.rules import COMPLAINED_OF
from shared.policy.model import Pack
from shared.problems import field_error
from shared.runtime import Runtime

NOW = "SELECT coalesce($1::timestamptz, clock_timestamp())"
FIND_UNIT = "SELECT is_active, is_under(code, $2) AS is_kept_out FROM units WHERE code = $1"
REMEMBERED_SECONDS = 5.0
"""What another process retired is filed under no longer than so long."""


class Directory:
    """The codes that are in use. A code that is not known is looked up before it is refused."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pool = runtime.database.pool
        self._jurisdictions: set[str] = set()
        self._categories: dict[str, tuple[bool, str | None]] = {}
        self._names: dict[str, str] = {}
        self._loaded_at = 0.0

    async def require(self, jurisdiction: str, category: str | None) -> None:
        """Raise `Malformed`, naming the field, where a code is not in use."""
        if jurisdiction not in self._jurisdictions:
            await self._load()
            if jurisdiction not in self._jurisdictions:
                known = "、".join(sorted(self._jurisdictions)) or "无"
                raise field_error(
                    "jurisdiction", "unknown_jurisdiction", f"本平台不受理此地；可用：{known}"
                )
        await self.require_category(category)

    async def require_category(self, category: str | None) -> None:
        """Raise `Malformed` where a category is named that is not in use, or no longer."""
        if category is None:
            return
        now = time.monotonic()
        if now - self._loaded_at > REMEMBERED_SECONDS:
            # One asks; the others go on meanwhile with what was known.
            self._loaded_at = now
            await self._load()
        elif category not in self._categories:
            await self._load()
        if category not in self._categories:
            raise field_error(
                "category", "unknown_category", "没有这个类别，类别见 GET /v1/categories"
            )
        is_active, successor = self._categories[category]
        if not is_active:
            instead = f"，请改用 {successor}" if successor else ""
            raise field_error("category", "retired_category", f"这个类别已停用{instead}")

    async def knows(self, category: str | None, name: str | None = None) -> bool:
        """Whether a category is in use, under this name where one is given."""
        if category is None:
            return False
        if category not in self._categories:
            await self._load()
        is_active = self._categories.get(category, (False, None))[0]
        return is_active and name in (None, self._names[category])

    def forget(self) -> None:
        """Look the subjects up again: this process changed them."""
        self._categories = {}

    async def require_unit(self, field: str, code: str, *, about_unit: str | None = None) -> None:
        """Raise `Malformed` where no such unit works, or what it is given complains of it.

        Or of one above it (XS 三(四)). Units come and go: none is remembered.
        """
        unit = await self._pool.fetchrow(FIND_UNIT, code, about_unit)
        if unit is None or not unit["is_active"]:
            raise field_error(field, "unknown_unit", "没有这个单位，或已停用；单位见 GET /v1/units")
        if unit["is_kept_out"]:
            raise field_error(field, "about_unit", COMPLAINED_OF)

    async def pack_in_force(self, jurisdiction: str, *, is_exact: bool) -> Pack:
        """The pack that holds now (C1). One that is not exact is a guess: filing looks again."""
        stepped, law_book = self._runtime.clock.stepped, self._runtime.law_book
        if not is_exact:
            return law_book.known.in_force(jurisdiction, stepped or datetime.now(UTC))
        async with self._pool.acquire() as connection:
            law = await law_book.read(connection)
            now: datetime = await connection.fetchval(NOW, stepped)
        return law.in_force(jurisdiction, now)

    async def _load(self) -> None:
        rows = await self._pool.fetch("SELECT code FROM jurisdictions")
        self._jurisdictions = {row["code"] for row in rows}
        rows = await self._pool.fetch("SELECT code, name, is_active, successor FROM categories")
        self._names = {row["code"]: row["name"] for row in rows}
        self._categories = {row["code"]: (row["is_active"], row["successor"]) for row in rows}
