"""Contracts only grow: whatever breaks what is written down in docs/schemas is seen."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.contracts.__main__ import DOCS, broken_promises, documents, main
from deploy.contracts.exchange_schemas import exchange_schemas
from deploy.contracts.growth import breaks
from deploy.contracts.schemas import event_schemas

Schema = dict[str, Any]
SCHEMAS = event_schemas()


def _data(schema: Schema) -> Schema:
    data: Schema = schema["properties"]["data"]
    return data


def _remove(schema: Schema) -> None:
    del _data(schema)["properties"]["category"]


def _rename(schema: Schema) -> None:
    fields = _data(schema)["properties"]
    fields["kind"] = fields.pop("category")


def _need(schema: Schema) -> None:
    _data(schema)["required"].append("category")


def _need_new(schema: Schema) -> None:
    _data(schema)["properties"]["mood"] = {"type": "string"}
    _data(schema)["required"].append("mood")


def _no_longer_sure(schema: Schema) -> None:
    _data(schema)["required"].remove("number")


def _retype(schema: Schema) -> None:
    _data(schema)["properties"]["number"]["type"] = "integer"


def _narrow(schema: Schema) -> None:
    schema["$defs"]["Channel"]["enum"].remove("fax")


def _default(schema: Schema) -> None:
    _data(schema)["properties"]["urgency"]["default"] = "critical"


def _inner(schema: Schema) -> None:
    del schema["$defs"]["Place"]["properties"]["division"]


def _move(schema: Schema) -> None:
    schema["x-topic"] = "mirror"


def _envelope(schema: Schema) -> None:
    del schema["properties"]["sequence"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_remove, "data.category: was removed"),
        (_rename, "data.category: was removed or renamed"),
        (_need, "data.category: is needed now"),
        (_need_new, "data.mood: is needed now"),
        (_no_longer_sure, "data.number: may be missing now"),
        (_retype, "data.number: type was string, is integer"),
        (_narrow, "data.channel: no longer fax"),
        (_default, "data.urgency: default was normal, is critical"),
        (_inner, "data.place.division: was removed"),
        (_move, "x-topic was tickets, is mirror"),
        (_envelope, "sequence: was removed"),
    ],
)
def test_a_change_that_breaks_readers_is_named(change: Callable[[Schema], None], told: str) -> None:
    new = copy.deepcopy(SCHEMAS["ticket.created"])
    change(new)
    found = breaks(SCHEMAS["ticket.created"], new)
    assert any(told in one for one in found), found


def test_growth_breaks_nobody() -> None:
    new = copy.deepcopy(SCHEMAS["ticket.created"])
    _data(new)["properties"]["mood"] = {"type": "string", "default": "calm"}
    _data(new)["properties"]["number"]["description"] = "Shown to the caller."
    new["$defs"]["Channel"]["enum"].append("telegram")
    new["$defs"]["Place"]["properties"]["floor"] = {"type": "integer", "default": 0}
    new["x-heard-by"].append("gateway")
    assert breaks(SCHEMAS["ticket.created"], new) == []


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_that_stays_breaks_nobody(name: str) -> None:
    assert breaks(SCHEMAS[name], SCHEMAS[name]) == []


def test_what_was_promised_in_docs_still_holds() -> None:
    assert broken_promises(DOCS, documents()) == [], "a break is a decision: a new event instead"


def test_the_schemas_in_docs_are_up_to_date() -> None:
    for folder, schemas in (("schemas", SCHEMAS), ("schemas/exchange", exchange_schemas())):
        files = (DOCS / folder).glob("*.json")
        kept = {file.name: json.loads(file.read_text("utf-8")) for file in files}
        assert kept == {f"{name}.json": one for name, one in schemas.items()}, (
            "run python -m deploy.contracts"
        )


def test_the_generator_writes_checks_and_refuses_to_break(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], tmp_path) == 1
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.*")} == set(documents())

    path = tmp_path / "schemas" / "ticket.created.json"
    promised = json.loads(path.read_text("utf-8"))
    _data(promised)["properties"]["mood"] = {"type": "string"}
    path.write_text(json.dumps(promised), "utf-8")
    assert main([], tmp_path) == 1
    assert "data.mood: was removed" in capsys.readouterr().err
    assert json.loads(path.read_text("utf-8")) == promised

    (tmp_path / "schemas" / "ticket.sung.json").write_text("{}", "utf-8")
    assert main(["--check"], tmp_path) == 1
    assert "ticket.sung: the event was removed" in capsys.readouterr().err
    assert main(["--break"], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
