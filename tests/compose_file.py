"""Reads `deploy/compose.yaml` without a YAML library: no more of the language than it uses."""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LINE = re.compile(
    r"( *)([\w.<-]+):(?: &(?P<anchor>\w+))?(?: \*(?P<alias>\w+)| (?P<value>[^&*|>{].*))?"
)


def read_compose() -> dict[str, Any]:
    """`compose.yaml`, as far as it uses YAML: maps, texts, lists on one line, anchors, merges."""
    root: dict[str, Any] = {}
    anchors: dict[str, dict[str, Any]] = {}
    levels = [(-1, root)]
    for line in (ROOT / "deploy/compose.yaml").read_text("utf-8").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = LINE.fullmatch(line)
        assert found, f"more YAML than this test reads: {line}"
        indent, key = len(found[1]), found[2]
        while levels[-1][0] >= indent:
            levels.pop()
        parent = levels[-1][1]
        if key == "<<":
            parent.update(anchors[found["alias"]])
            continue
        if found["alias"]:
            parent[key] = anchors[found["alias"]]
        elif found["value"]:
            parent[key] = (
                json.loads(found["value"]) if found["value"][0] in '["' else found["value"]
            )
        else:
            parent[key] = {}
            levels.append((indent, parent[key]))
        if found["anchor"]:
            anchors[found["anchor"]] = parent[key]
    return root
