"""`python -m deploy.contracts` writes what the code promises into docs/; `--check` compares.

It refuses to write an event's schema that breaks the one that is there; `--break` insists.
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from deploy.contracts.access_page import with_access
from deploy.contracts.asyncapi import asyncapi
from deploy.contracts.event_page import event_page
from deploy.contracts.exchange_page import with_exchange
from deploy.contracts.exchange_schemas import exchange_schemas
from deploy.contracts.growth import breaks
from deploy.contracts.machine_part import with_machine
from deploy.contracts.pack_pages import pack_pages
from deploy.contracts.pages import metric_page, problem_page, route_page, setting_page
from deploy.contracts.schemas import event_schemas

DOCS = Path(__file__).parents[2] / "docs"
EXCHANGE = "exchange.zh-CN.md"


@cache
def documents() -> dict[str, str]:
    """Every generated document by its path in docs/."""
    return {
        "events.md": event_page(),
        "problems.md": problem_page(),
        "settings.md": setting_page(),
        "metrics.md": metric_page(),
        "routes.md": route_page(),
        "access.md": with_access((DOCS / "access.md").read_text("utf-8")),
        EXCHANGE: with_exchange((DOCS / EXCHANGE).read_text("utf-8")),
        "dispatch.md": with_machine((DOCS / "dispatch.md").read_text("utf-8")),
        **pack_pages(),
        "asyncapi.json": _json(asyncapi()),
        **{f"schemas/{name}.json": _json(schema) for name, schema in event_schemas().items()},
        **{f"schemas/exchange/{one}.json": _json(two) for one, two in exchange_schemas().items()},
    }


def broken_promises(docs: Path, written: dict[str, str]) -> list[str]:
    """What the schemas that are there promise and the new ones do not."""
    found = []
    for path in sorted((docs / "schemas").rglob("*.json")):
        new = written.get(str(path.relative_to(docs)))
        if new is None:
            found.append(f"{path.stem}: the event was removed or renamed")
        else:
            found += breaks(json.loads(path.read_text("utf-8")), json.loads(new))
    return found


def differences(docs: Path, written: dict[str, str]) -> list[str]:
    """The documents that are missing, stale or left over."""
    kept = {path: docs / path for path in written}
    stale = [
        path
        for path, file in kept.items()
        if not file.is_file() or file.read_text("utf-8") != written[path]
    ]
    left_over = {str(file.relative_to(docs)) for file in (docs / "schemas").rglob("*.json")}
    left_over |= {f"jurisdictions/{file.name}" for file in (docs / "jurisdictions").glob("*.md")}
    return stale + sorted(left_over - set(written))


def main(arguments: list[str], docs: Path = DOCS) -> int:
    """Write or check; the exit code."""
    written = documents()
    broken = broken_promises(docs, written)
    if broken and "--break" not in arguments:
        return _complain("Contracts only grow, but:", broken)
    if "--check" in arguments:
        stale = differences(docs, written)
        return _complain("Run python -m deploy.contracts; these differ:", stale) if stale else 0
    for path in differences(docs, written):
        file = docs / path
        if path in written:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(written[path], "utf-8")
        else:
            file.unlink()
    return 0


def _complain(title: str, lines: list[str]) -> int:
    sys.stderr.write("\n  ".join([title, *lines]) + "\n")
    return 1


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
